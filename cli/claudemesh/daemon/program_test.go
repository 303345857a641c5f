//go:build unix

package daemon_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/proc"
)

// An agent program for tests: a process that attaches a session and takes messages.

// order is what an agent program is told at its start, as JSON on its standard input; it ends when that ends.
type order struct {
	ConfigDir string       `json:"config_dir"`
	Program   []string     `json:"program"` // of the daemon
	Agent     daemon.Agent `json:"agent"`
	// Confirms says whether it confirms what it takes.
	Confirms bool `json:"confirms"`
}

// word is one line of an agent program's standard output.
type word struct {
	Ready     bool             `json:"ready,omitempty"`
	Taken     []daemon.Message `json:"taken,omitempty"`
	Confirmed bool             `json:"confirmed,omitempty"`
	Error     string           `json:"error,omitempty"`
}

func agentMain() int {
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(os.Stdin)
	var o order
	if err := in.Decode(&o); err != nil {
		return 2
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		in.Decode(&struct{}{}) // until standard input ends
		cancel()
	}()
	if err := serveAgent(ctx, o, out); err != nil && ctx.Err() == nil {
		out.Encode(word{Error: err.Error()})
		return 1
	}
	return 0
}

func serveAgent(ctx context.Context, o order, out *json.Encoder) error {
	c, err := daemon.Connect(ctx, daemon.Options{ConfigDir: o.ConfigDir, Version: "1", Start: true, Program: o.Program})
	if err != nil {
		return err
	}
	defer c.Close()
	if o.Agent.Process, err = proc.Self(); err != nil {
		return err
	}
	a, err := c.Attach(ctx, o.Agent)
	if err != nil {
		return err
	}
	out.Encode(word{Ready: true})
	pause := time.NewTicker(20 * time.Millisecond)
	for {
		batch, err := c.Take(ctx, daemon.Take{Caller: daemon.Caller{Session: o.Agent.Session}, Count: 5})
		if ctx.Err() != nil {
			return a.Close()
		}
		if err == nil && len(batch.Messages) > 0 {
			out.Encode(word{Taken: batch.Messages})
			if !o.Confirms {
				<-ctx.Done()
				return nil
			}
			if err := c.Confirm(context.WithoutCancel(ctx), batch.ID); err == nil {
				out.Encode(word{Confirmed: true})
			}
		}
		select {
		case <-pause.C:
		case <-a.Done():
			return fmt.Errorf("the session ended: %w", a.Err())
		case <-ctx.Done():
			return a.Close()
		}
	}
}

// agentProcess is a running agent program.
type agentProcess struct {
	t       *testing.T
	command *exec.Cmd
	in      io.WriteCloser
	ready   chan struct{}
	read    sync.WaitGroup

	mu    sync.Mutex
	words []word
}

func (m *machine) agent(a daemon.Agent, confirms bool) *agentProcess {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	p := &agentProcess{t: m.t, command: exec.Command(self, "agent"), ready: make(chan struct{})}
	var complaints strings.Builder
	p.command.Stderr = &complaints
	if p.in, err = p.command.StdinPipe(); err != nil {
		m.t.Fatal(err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		m.t.Fatal(err)
	}
	if err := json.NewEncoder(p.in).Encode(order{m.home.Dir(), m.daemon.Program, a, confirms}); err != nil {
		m.t.Fatal(err)
	}
	p.read.Go(func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var w word
			if json.Unmarshal(lines.Bytes(), &w) != nil {
				continue // killed in the middle of a line
			}
			p.mu.Lock()
			p.words = append(p.words, w)
			p.mu.Unlock()
			if w.Ready {
				close(p.ready)
			}
			if w.Error != "" {
				m.t.Errorf("an agent program says: %s %s", w.Error, complaints.String())
			}
		}
	})
	return p
}

// said is what the program has written so far.
func (p *agentProcess) said() []word {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.words)
}

func (p *agentProcess) awaitReady() {
	p.t.Helper()
	select {
	case <-p.ready:
	case <-limit(p.t).Done():
		p.t.Fatal("an agent program did not come up")
	}
}

// kill ends the program with SIGKILL, end by letting its standard input end.
func (p *agentProcess) kill() {
	p.command.Process.Kill()
	p.read.Wait()
	p.command.Wait()
}

func (p *agentProcess) end() {
	p.in.Close()
	p.read.Wait()
	p.command.Wait()
}
