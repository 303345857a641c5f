package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/wire"
)

// asRelay makes this test program be the relay.
const asRelay = "CLAUDEMESH_TEST_AS_RELAY"

func TestMain(m *testing.M) {
	if os.Getenv(asRelay) != "" {
		os.Exit(run(os.Args[1:], &outside{os.Stdout, os.Stderr, os.Getenv}))
	}
	os.Exit(m.Run())
}

// program is this test program as the relay.
func program() relaytest.Program {
	return relaytest.Program{Path: os.Args[0], Env: []string{asRelay + "=1", "BROKER_PORT=", "DATABASE_URL="}}
}

// process is a relay in a process of its own.
type process struct {
	*relaytest.Process
	target protocoltest.Target
}

// serving starts a relay, over its own choice of a data folder where none is given. Its peers sign the origin, or where it is
// empty the address that the relay says.
func serving(t *testing.T, origin, data string, flags ...string) *process {
	t.Helper()
	p := &process{Process: &relaytest.Process{Program: program(), Data: data, Flags: append(flags, "--verbose")}}
	p.serve(t, origin)
	return p
}

// serve starts a relay, as serving says.
func (p *process) serve(t *testing.T, origin string) {
	t.Helper()
	p.Run(t)
	if origin == "" {
		origin = p.URL
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.target = protocoltest.Target{URL: p.URL, Origin: origin, HTTP: &http.Client{Transport: transport}}
}

func TestServeUntilSIGTERM(t *testing.T) {
	p := serving(t, "", "")
	for _, path := range []string{"/livez", "/readyz", "/health", "/", "/i/abcdefgh"} {
		response, err := p.target.HTTP.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", path, response.StatusCode)
		}
	}
	m := protocoltest.Found(t, p.target)
	c := m.Connect(t, m.Owner)
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.Closes(wire.CodeDraining)
	if err := p.Ended(); err != nil {
		t.Errorf("%v after SIGTERM: %s", err, p.Log())
	}
}

func TestTokenOfTheOperator(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "https://relay.example", data, "--public-url", "https://relay.example")
	if p.URL != "https://relay.example" {
		t.Errorf("the relay says that it is at %s", p.URL)
	}
	listen := regexp.MustCompile(`listen=(\S+)`).FindStringSubmatch(p.Log())
	if listen == nil {
		t.Fatalf("the log does not tell where it listens: %s", p.Log())
	}
	p.target.URL = "http://" + listen[1]
	token, err := os.ReadFile(filepath.Join(data, "operator-token"))
	if err != nil {
		t.Fatal(err)
	}
	local := serving(t, "", "")
	m := protocoltest.Found(t, local.target)
	m.Target = p.target
	m.RefusesCreation(t, wire.CodeOperatorToken)
	m.CreatesAgain(t, "Authorization", "Bearer "+strings.TrimSpace(string(token)))
	m.Connect(t, m.Owner).HangUp()
	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.Ended(); err != nil {
		t.Errorf("%v after SIGINT", err)
	}
	if log := p.Log(); strings.Contains(log, strings.TrimSpace(string(token))) || !strings.Contains(log, "operator-token") {
		t.Errorf("the log holds the token, or not where it is: %s", log)
	}
}

func TestWhatCannotBeServed(t *testing.T) {
	data := t.TempDir()
	running := serving(t, "", data)
	taken := strings.TrimPrefix(running.URL, "http://localhost:")
	for _, c := range []struct {
		name string
		args []string
		env  string
		code int
		says string
	}{
		{"a taken port", []string{"serve", "--listen", ":" + taken}, "", exitFailed, "--listen"},
		{"a taken port from the environment", []string{"serve"}, taken, exitFailed, "BROKER_PORT"},
		{"a data folder in use", []string{"serve", "--listen", ":0", "--data", data}, "", exitFailed, "--data"},
		{"open to others without an address", []string{"serve", "--listen", "0.0.0.0:0"}, "", exitUsage, "--public-url"},
		{"a port that is none", []string{"serve"}, "x", exitUsage, "BROKER_PORT"},
		{"downloads that are not there", []string{"serve", "--listen", ":0", "--downloads", filepath.Join(data, "none")}, "", exitFailed, "--downloads"},
		{"an unknown flag", []string{"serve", "--frobnicate"}, "", exitUsage, "frobnicate"},
		{"an unknown way to create", []string{"serve", "--create", "maybe"}, "", exitUsage, "auto"},
		{"a proxy that is no network", []string{"serve", "--trust-proxy", "proxy"}, "", exitUsage, "looks like 127.0.0.1"},
		{"an unknown command", []string{"run"}, "", exitUsage, "run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program().Command(c.args...)
			p.Env = append(p.Env, "BROKER_PORT="+c.env, "XDG_STATE_HOME="+t.TempDir())
			var stderr strings.Builder
			p.Stderr = &stderr
			out, _ := p.Output()
			if code := p.ProcessState.ExitCode(); code != c.code || !strings.Contains(stderr.String(), c.says) || len(out) > 0 {
				t.Errorf("exit code %d, want %d with a sentence about %q:\n%s%s", code, c.code, c.says, out, stderr.String())
			}
		})
	}
}

func TestVersion(t *testing.T) {
	out, err := program().Command("version").Output()
	if err != nil || string(out) != "claudemesh-relay unknown\n" {
		t.Errorf("%q (%v)", out, err)
	}
}
