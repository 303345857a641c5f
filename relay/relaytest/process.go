package relaytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// Program is a program that is a relay.
type Program struct {
	Path string
	Env  []string // "KEY=value", besides what the test's process has
}

// Command is a run of the program.
func (p Program) Command(args ...string) *exec.Cmd {
	c := exec.Command(p.Path, args...)
	c.Env = slices.Concat(os.Environ(), p.Env)
	return c
}

// Tests are those of a package, *testing.M.
type Tests interface{ Run() int }

type built struct {
	Tests
	program *Program
}

// BuiltFor gives the same tests, but that p is the relay's own program while they run, built from this source into a folder
// that they leave behind no more than themselves.
func (p *Program) BuiltFor(tests Tests) Tests { return built{tests, p} }

func (b built) Run() int {
	folder, err := os.MkdirTemp("", "claudemesh-relay-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	b.program.Path = filepath.Join(folder, "claudemesh-relay")
	out, err := exec.Command("go", "build", "-o", b.program.Path, "claudemesh.com/mesh/relay/cmd/claudemesh-relay").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "the relay does not build: %v\n%s", err, out)
		return 1
	}
	return b.Tests.Run()
}

// Process is a relay in a process of its own, on a loopback port. It can be stopped or killed and started again. Log may be
// called by everyone; the other methods are for one goroutine.
type Process struct {
	Program Program
	Folder  string   // holds the log, and the data where the program chooses their place by itself
	Data    string   // the folder given as --data, if any
	Flags   []string // of serve, besides

	URL string // where it says that it is, from Start on

	listen  string
	command *exec.Cmd // nil while it does not run
	stdout  *bufio.Reader
}

// Run starts the process, which is killed when the test ends. Where Folder is empty, it becomes one of the test's.
func (p *Process) Run(t testing.TB) {
	t.Helper()
	if p.Folder == "" {
		p.Folder = t.TempDir()
	}
	t.Cleanup(p.Kill)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

// Start returns when the relay is ready. The second time it listens where it did the first time, unless its URL is not its
// own address.
func (p *Process) Start() error {
	if p.listen == "" {
		p.listen = "127.0.0.1:0"
	}
	args := []string{"serve", "--listen", p.listen}
	if p.Data != "" {
		args = append(args, "--data", p.Data)
	}
	command := p.Program.Command(append(args, p.Flags...)...)
	command.Env = append(command.Env, "XDG_STATE_HOME="+p.Folder)
	// A file, so that what was written before the ready line is there when that is read.
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command.Stderr = log
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	p.command, p.stdout = command, bufio.NewReader(stdout)
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		p.Kill()
		return fmt.Errorf("the relay did not become ready: %w: %s%s", err, line, p.Log())
	}
	if _, err := fmt.Sscanf(line, "claudemesh is ready: %s", &p.URL); err != nil {
		p.Kill()
		return fmt.Errorf("the relay said %q and not where it is: %w", line, err)
	}
	if u, err := url.Parse(p.URL); err == nil && u.Hostname() == "localhost" {
		p.listen = "127.0.0.1:" + u.Port()
	}
	return nil
}

func (p *Process) logFile() string { return filepath.Join(p.Folder, "relay.log") }

// Log is all that the relay logged so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Kill is a power cut. It does nothing to a process that does not run.
func (p *Process) Kill() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	p.command = nil
}

// Stop drains the relay, which must end as Ended says.
func (p *Process) Stop() error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.Ended()
}

// Signal sends a signal to the running process.
func (p *Process) Signal(signal os.Signal) error {
	if p.command == nil {
		return os.ErrProcessDone
	}
	return p.command.Process.Signal(signal)
}

// PID is the number of the running process, 0 where it does not run.
func (p *Process) PID() int {
	if p.command == nil {
		return 0
	}
	return p.command.Process.Pid
}

// Ended waits until the process ends by itself. It is an error if its exit code is not 0, or if it wrote more than one line to
// its standard output.
func (p *Process) Ended() error {
	var problem error
	if rest, err := io.ReadAll(p.stdout); err != nil || len(rest) > 0 {
		problem = fmt.Errorf("the relay wrote more than one line: %q (%v)", rest, err)
	}
	err := p.command.Wait()
	p.command = nil
	return errors.Join(problem, err)
}
