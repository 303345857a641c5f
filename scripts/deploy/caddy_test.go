package deploy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// caddy is a running Caddy with the Caddyfile that ships, but that it listens on a loopback port of its own choice and issues
// its certificate itself.
type caddy struct {
	address string
	roots   *x509.CertPool
}

// proxied starts Caddy before relays, and waits until it answers.
func proxied(t *testing.T, relays ...string) *caddy {
	t.Helper()
	path := caddyProgram(t)
	folder := t.TempDir()
	adapt := exec.Command(path, "adapt", "--config", "Caddyfile")
	adapt.Env = append(os.Environ(), "CLAUDEMESH_DOMAIN="+domain, "CLAUDEMESH_RELAYS="+strings.Join(relays, " "))
	text, err := adapt.Output()
	if err != nil {
		t.Fatalf("the Caddyfile cannot be read: %v", err)
	}
	// Another program may take the port in between.
	for range 5 {
		address := freeAddress(t)
		if c := start(t, path, folder, address, text); c != nil {
			return c
		}
	}
	t.Fatal("Caddy does not start")
	return nil
}

// caddyProgram is Caddy, as scripts/install-test-tools finds or installs it.
func caddyProgram(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("caddy"); err == nil {
		return path
	}
	path, err := filepath.Abs("../../.cache/tools/caddy")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("there is no Caddy: run scripts/install-test-tools caddy (%v)", err)
	}
	return path
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs Caddy until the test ends; nil where the address is taken.
func start(t *testing.T, path, folder, address string, adapted []byte) *caddy {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal(adapted, &config); err != nil {
		t.Fatal(err)
	}
	apps := config["apps"].(map[string]any)
	server := apps["http"].(map[string]any)["servers"].(map[string]any)["srv0"].(map[string]any)
	_, port, _ := net.SplitHostPort(address)
	apps["http"].(map[string]any)["https_port"] = json.Number(port)
	server["listen"] = []string{address}
	server["automatic_https"] = map[string]any{"disable_redirects": true}
	apps["tls"] = map[string]any{"automation": map[string]any{"policies": []any{map[string]any{"issuers": []any{map[string]any{"module": "internal"}}}}}}
	apps["pki"] = map[string]any{"certificate_authorities": map[string]any{"local": map[string]any{"install_trust": false}}}
	config["admin"] = map[string]any{"disabled": true, "config": map[string]any{"persist": false}}
	config["storage"] = map[string]any{"module": "file_system", "root": folder}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "caddy.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}

	var log bytes.Buffer
	process := exec.Command(path, "run", "--config", file)
	process.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder)
	process.Stdout, process.Stderr = &log, &log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = process.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("Caddy: %s", log.String())
		}
	})
	c := &caddy{address: address}
	limit := time.After(time.Minute)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-ended:
			if strings.Contains(log.String(), "address already in use") {
				return nil
			}
			t.Fatalf("Caddy ended: %s", log.String())
		case <-limit:
			t.Fatal("Caddy does not answer")
		case <-again.C:
		}
		if c.ready(folder) {
			return c
		}
	}
}

// ready reports whether Caddy has its certificate and takes connections.
func (c *caddy) ready(folder string) bool {
	root, err := os.ReadFile(filepath.Join(folder, "pki", "authorities", "local", "root.crt"))
	if err != nil {
		return false
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(root) {
		return false
	}
	conn, err := tls.Dial("tcp", c.address, &tls.Config{RootCAs: c.roots, ServerName: domain})
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// client makes requests to the domain, which reach Caddy from a loopback address of the client's own.
func (c *caddy) client(t *testing.T, from string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots}}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, c.address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
