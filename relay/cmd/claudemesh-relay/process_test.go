package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
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

// process is a relay in a process of its own.
type process struct {
	*exec.Cmd
	protocoltest.Target
	stdout *bufio.Reader
	log    string // the file of stderr
}

// stderr is what the process wrote to it so far.
func (p *process) stderr() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func command(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), log: filepath.Join(t.TempDir(), "stderr")}
	p.Env = append(os.Environ(), asRelay+"=1", "BROKER_PORT=", "DATABASE_URL=", "XDG_STATE_HOME="+t.TempDir())
	// A file, so that what was written before the ready line is there when that is read.
	file, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	p.Stderr = file
	return p
}

// serving starts a relay and waits until it says that it is ready. Its peers sign the origin, or where it is empty the address
// that the relay says.
func serving(t *testing.T, origin string, args ...string) *process {
	t.Helper()
	p := command(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--verbose"}, args...)...)
	p.serve(t, origin)
	return p
}

// serve starts a command that serves, as serving says.
func (p *process) serve(t *testing.T, origin string) {
	t.Helper()
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	p.stdout = bufio.NewReader(out)
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		_ = p.Wait()
		t.Fatalf("the relay did not become ready: %s", p.stderr())
	}
	url := regexp.MustCompile(`https?://\S+`).FindString(line)
	if origin == "" {
		origin = url
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.Target = protocoltest.Target{URL: url, Origin: origin, HTTP: &http.Client{Transport: transport}}
}

// ends waits for the end and gives the exit code.
func (p *process) ends(t *testing.T) int {
	t.Helper()
	if rest, err := p.stdout.ReadString(0); rest != "" {
		t.Errorf("stdout has more than one line: %q (%v)", rest, err)
	}
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

func TestServeUntilSIGTERM(t *testing.T) {
	p := serving(t, "")
	for _, path := range []string{"/livez", "/readyz", "/health", "/", "/i/abcdefgh"} {
		response, err := p.HTTP.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", path, response.StatusCode)
		}
	}
	m := protocoltest.Found(t, p.Target)
	c := m.Connect(t, m.Owner)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.Closes(wire.CodeDraining)
	if code := p.ends(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM: %s", code, p.stderr())
	}
}

func TestTokenOfTheOperator(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "https://relay.example", "--data", data, "--public-url", "https://relay.example")
	if p.URL != "https://relay.example" {
		t.Errorf("the relay says that it is at %s", p.URL)
	}
	listen := regexp.MustCompile(`listen=(\S+)`).FindStringSubmatch(p.stderr())
	if listen == nil {
		t.Fatalf("the log does not tell where it listens: %s", p.stderr())
	}
	p.URL = "http://" + listen[1]
	token, err := os.ReadFile(filepath.Join(data, "operator-token"))
	if err != nil {
		t.Fatal(err)
	}
	local := serving(t, "")
	m := protocoltest.Found(t, local.Target)
	m.Target = p.Target
	m.RefusesCreation(t, wire.CodeOperatorToken)
	m.CreatesAgain(t, "Authorization", "Bearer "+strings.TrimSpace(string(token)))
	m.Connect(t, m.Owner).HangUp()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.ends(t); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
	if log := p.stderr(); strings.Contains(log, strings.TrimSpace(string(token))) || !strings.Contains(log, "operator-token") {
		t.Errorf("the log holds the token, or not where it is: %s", log)
	}
}

func TestWhatCannotBeServed(t *testing.T) {
	data := t.TempDir()
	running := serving(t, "", "--data", data)
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
		{"a proxy that is no network", []string{"serve", "--trust-proxy", "proxy"}, "", exitUsage, "trust-proxy"},
		{"an unknown command", []string{"run"}, "", exitUsage, "run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := command(t, c.args...)
			p.Env = append(p.Env, "BROKER_PORT="+c.env)
			out, _ := p.Output()
			if code := p.ProcessState.ExitCode(); code != c.code || !strings.Contains(p.stderr(), c.says) || len(out) > 0 {
				t.Errorf("exit code %d, want %d with a sentence about %q:\n%s%s", code, c.code, c.says, out, p.stderr())
			}
		})
	}
}

func TestVersion(t *testing.T) {
	out, err := command(t, "version").Output()
	if err != nil || string(out) != "claudemesh-relay unknown\n" {
		t.Errorf("%q (%v)", out, err)
	}
}
