//go:build unix

package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// The test program is also the daemon, and an agent's program, where its first argument says so.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "daemon":
			os.Exit(daemonMain(os.Args[2:]))
		case "agent":
			os.Exit(agentMain())
		}
	}
	os.Exit(m.Run())
}

// daemonMain is a daemon: its version, and how long it stays when unused.
func daemonMain(args []string) int {
	h, err := home.Open(os.Getenv(home.Env))
	if err == nil {
		var idle time.Duration
		if idle, err = time.ParseDuration(args[1]); err == nil {
			err = daemon.Run(context.Background(), daemon.Config{
				Home: h, Version: args[0], Idle: idle, Windows: agent.Windows{Hook: 30 * time.Second, Working: time.Minute},
				Log: func(sentence string) { fmt.Fprintln(os.Stderr, sentence) },
			})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// limit is how long a test waits for what must come.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// until waits for a condition.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for pause := time.NewTicker(10 * time.Millisecond); !reached(); <-pause.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// machine is a computer with a configuration folder: the daemon runs on it as a process of its own, under the name of Bo.
type machine struct {
	t      *testing.T
	home   *home.Home
	folder home.Folder
	daemon daemon.Options
}

// world is a relay, a mesh that Ada made and speaks in, and Bo's machine.
func world(t *testing.T) (*relaytest.Server, *device.Device, *machine) {
	t.Helper()
	r := relaytest.Serve(t)
	runtime := t.TempDir()
	if err := os.Chmod(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	_, ada := enter(t, filepath.Join(t.TempDir(), "ada"), func(host driver.Host) error {
		return driver.Create(limit(t), host, driver.CreateOptions{Relay: r.URL(), Name: "Harbour", DisplayName: "Ada"})
	})
	adas, err := device.Open(t.Context(), ada, device.Options{Card: &peer.Card{Kind: peer.KindPerson, Status: peer.StatusIdle}})
	if err != nil {
		t.Fatal(err)
	}
	adas.Connect(context.Background())
	t.Cleanup(func() { adas.Close() })
	if err := adas.WaitLive(limit(t)); err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t}
	m.home, m.folder = enter(t, filepath.Join(t.TempDir(), "bo"), join(t, adas, "Bo"))
	m.daemon = daemon.Options{ConfigDir: m.home.Dir(), Version: "1", Start: true, Program: program(t, "1", "1h")}
	t.Cleanup(m.stop)
	return r, adas, m
}

// program is the command of a daemon of a version, which stays for so long when unused.
func program(t *testing.T, version, idle string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self, "daemon", version, idle}
}

func join(t *testing.T, inviter *device.Device, name string) func(driver.Host) error {
	t.Helper()
	invite, err := inviter.CreateInvite(limit(t), peer.InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return func(host driver.Host) error {
		return driver.Join(limit(t), host, driver.JoinOptions{Link: invite.Link, DisplayName: name})
	}
}

// enter makes a device in a configuration folder and lets do bring it into a mesh.
func enter(t *testing.T, dir string, do func(driver.Host) error) (*home.Home, home.Folder) {
	t.Helper()
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := h.Make("mesh")
	if err != nil {
		t.Fatal(err)
	}
	host, store, err := device.Host(folder, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(host), store.Close()); err != nil {
		t.Fatal(err)
	}
	return h, folder
}

// client meets the machine's daemon, starting it where none runs.
func (m *machine) client() *daemon.Client {
	m.t.Helper()
	c, err := daemon.Connect(limit(m.t), m.daemon)
	if err != nil {
		m.t.Fatal(err, m.log())
	}
	m.t.Cleanup(func() { c.Close() })
	return c
}

// stop ends the daemon, if one runs, and shows what it said where the test failed.
func (m *machine) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	options := m.daemon
	options.Start = false
	c, err := daemon.Connect(ctx, options)
	if err == nil {
		if err := c.Stop(ctx); err != nil {
			m.t.Errorf("the daemon did not stop: %v", err)
		}
		c.Close()
	}
	if m.t.Failed() {
		m.t.Log(m.log())
	}
}

func (m *machine) log() string {
	text, _ := os.ReadFile(m.home.LogPath())
	return string(text)
}

// kill ends the daemon as a power cut would.
func (m *machine) kill(c *daemon.Client) {
	m.t.Helper()
	report, err := c.Report(limit(m.t))
	if err != nil {
		m.t.Fatal(err)
	}
	p, err := proc.Of(report.PID)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := syscall.Kill(report.PID, syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
	until(m.t, "the daemon's end", func() bool { return !proc.Alive(p) })
}

// someone is an agent whose process is nobody's: its session lives as long as its attachment.
func someone(n byte) daemon.Agent {
	return daemon.Agent{Session: wire.SessionID{n, 1}, Kind: peer.KindAgent, Client: "test"}
}

func attach(t *testing.T, c *daemon.Client, a daemon.Agent) *daemon.Attachment {
	t.Helper()
	attachment, err := c.Attach(limit(t), a)
	if err != nil {
		t.Fatal(err)
	}
	return attachment
}

// sessions are the live sessions of Bo as another device sees them, by their ids.
func sessions(d *device.Device) map[wire.SessionID]peer.SessionView {
	found := map[wire.SessionID]peer.SessionView{}
	for _, member := range d.Mesh().Members {
		for _, s := range member.Sessions {
			if member.Name == "Bo" && s.State == peer.Online {
				found[s.Session] = s
			}
		}
	}
	return found
}

func sees(t *testing.T, d *device.Device, id wire.SessionID) {
	t.Helper()
	until(t, "the session to be seen", func() bool { _, ok := sessions(d)[id]; return ok })
}

func send(t *testing.T, d *device.Device, draft peer.Draft) peer.MessageView {
	t.Helper()
	if draft.Target == "" && draft.Conversation == "" {
		draft.Target = "@Bo"
	}
	if draft.Priority == wire.PriorityLow {
		draft.Priority = wire.PriorityNext
	}
	sent, err := d.Send(limit(t), draft)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// reads waits until a message of a device has come as far as state.
func comesTo(t *testing.T, d *device.Device, id wire.MessageID, state peer.Delivery) {
	t.Helper()
	until(t, "a message to be "+string(state), func() bool {
		message, err := d.Message(limit(t), id)
		return err == nil && message.State == state
	})
}

// takes waits for a batch of so many messages for a session.
func takes(t *testing.T, c *daemon.Client, session wire.SessionID, count int) daemon.Batch {
	t.Helper()
	var batch daemon.Batch
	until(t, fmt.Sprintf("%d messages", count), func() bool {
		card, err := c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: session}})
		if err != nil {
			t.Fatal(err)
		}
		if card.Waiting < count {
			return false
		}
		if batch, err = c.Take(limit(t), daemon.Take{Caller: daemon.Caller{Session: session}}); err != nil {
			t.Fatal(err)
		}
		return len(batch.Messages) > 0
	})
	if len(batch.Messages) != count {
		t.Fatalf("took %d messages, not %d", len(batch.Messages), count)
	}
	return batch
}

func confirm(t *testing.T, c *daemon.Client, b daemon.Batch) {
	t.Helper()
	if err := c.Confirm(limit(t), b.ID); err != nil {
		t.Fatal(err)
	}
}

func texts(b daemon.Batch) (all []string) {
	for _, m := range b.Messages {
		all = append(all, string(m.Seen)+":"+m.Text)
	}
	return all
}

func wants(t *testing.T, b daemon.Batch, want ...string) {
	t.Helper()
	if got := texts(b); !slices.Equal(got, want) {
		t.Fatalf("the batch holds %q, not %q", got, want)
	}
}
