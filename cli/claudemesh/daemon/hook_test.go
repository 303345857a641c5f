//go:build unix

package daemon_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// hooks speaks as the hooks of one agent's program do: the program is this test.
type hooks struct {
	t      *testing.T
	client *daemon.Client
	chain  []proc.Process
	claude string
}

func (h *hooks) tell(event, reason string) daemon.HookAnswer {
	h.t.Helper()
	answer, err := h.client.Hook(limit(h.t), daemon.HookEvent{
		Caller: daemon.Caller{Chain: h.chain}, Event: event, Reason: reason, ClaudeID: h.claude, Directory: "/work/docks", Model: "opus",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return answer
}

func (h *hooks) status(want peer.Status) daemon.SessionCard {
	h.t.Helper()
	card, err := h.client.Change(limit(h.t), daemon.Change{Caller: daemon.Caller{Chain: h.chain}})
	if err != nil || card.Card.Status != want {
		h.t.Fatalf("the status is %q, not %q (%v)", card.Card.Status, want, err)
	}
	return card
}

func newHooks(t *testing.T, c *daemon.Client) *hooks {
	return &hooks{t, c, []proc.Process{must(proc.Self())}, "claude-1"}
}

// A whole session of Claude Code as its hooks tell it, without an MCP server.
func TestHooks(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	h := newHooks(t, c)
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	answer := h.tell("SessionStart", "startup")
	if !slices.Equal(answer.Places, []daemon.Place{{Name: "Bo", Mesh: "Harbour"}}) || answer.Waiting != 0 {
		t.Errorf("it begins in %v, and %d wait", answer.Places, answer.Waiting)
	}
	card := h.status(peer.StatusIdle)
	sees(t, ada, card.Session)
	if card.Card.Kind != peer.KindAgent || card.Card.Model != "opus" || card.Card.Directory != "/work/docks" {
		t.Errorf("the card is %+v", card.Card)
	}

	send(t, ada, peer.Draft{Text: "for the next prompt"})
	urgent := send(t, ada, peer.Draft{Text: "at once", Priority: wire.PriorityNow})
	until(t, "both", func() bool { return h.status(peer.StatusIdle).Waiting == 2 })
	answer = h.tell("PostToolUse", "")
	wants(t, answer.Batch, ":at once")
	confirm(t, c, answer.Batch)
	comesTo(t, ada, urgent.ID, peer.Read)
	h.status(peer.StatusWorking)
	answer = h.tell("UserPromptSubmit", "")
	wants(t, answer.Batch, ":for the next prompt")
	confirm(t, c, answer.Batch)
	h.tell("PermissionRequest", "")
	h.status(peer.StatusNeedsApproval)
	h.tell("Notification", "auth_success")
	h.status(peer.StatusNeedsApproval)
	h.tell("PostToolUse", "")
	h.status(peer.StatusWorking)

	send(t, ada, peer.Draft{Text: "before you stop", Priority: wire.PriorityNow})
	until(t, "the last", func() bool { return h.status(peer.StatusWorking).Waiting == 1 })
	answer = h.tell("Stop", "")
	wants(t, answer.Batch, ":before you stop")
	h.status(peer.StatusWorking) // they keep it going
	confirm(t, c, answer.Batch)
	h.tell("Stop", "")
	h.status(peer.StatusIdle)

	h.claude = "claude-2"
	h.tell("SessionEnd", "clear")
	h.tell("SessionStart", "clear")
	if again := h.status(peer.StatusIdle); again.Session != card.Session {
		t.Error("after /clear it is another session")
	}
	h.tell("SessionEnd", "logout")
	until(t, "the session's end", func() bool { return len(sessions(ada)) == 0 })
	if answer := h.tell("SessionEnd", "logout"); answer.Batch.ID != 0 {
		t.Errorf("after the end: %+v", answer)
	}
	if len(must(c.Report(limit(t))).Sessions) != 0 {
		t.Error("the end of no session made one")
	}
}

// The hooks and the MCP server of one program are one session, and what one of them took the other does not show.
func TestHooksAndServer(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	h := newHooks(t, c)
	h.tell("SessionStart", "startup")
	one := someone(1)
	one.Process, one.Push = h.chain[0], true
	a := attach(t, c, one)
	card := h.status(peer.StatusIdle)
	if a.Session() != card.Session || len(must(c.Report(limit(t))).Sessions) != 1 {
		t.Fatalf("the server speaks for %s, the hooks for %s", a.Session(), card.Session)
	}
	sees(t, ada, card.Session)
	sent := send(t, ada, peer.Draft{Text: "once"})
	if pushed := <-a.Pushes(); pushed.ID != sent.ID {
		t.Errorf("pushed %+v", pushed)
	}
	answer := h.tell("UserPromptSubmit", "")
	wants(t, answer.Batch, "pushed:once")
	confirm(t, c, answer.Batch)
	if b := must(c.Take(limit(t), daemon.Take{Caller: daemon.Caller{Session: one.Session}})); len(b.Messages) != 0 {
		t.Errorf("the server shows again %q", texts(b))
	}
	a.Close()
	h.tell("PostToolUse", "") // the session goes on without the server
	h.status(peer.StatusWorking)
}

// In dnd an agent is shown by hooks what is marked now, and is pushed nothing; what it asks for it gets.
func TestDoNotDisturb(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	h := newHooks(t, c)
	one := someone(1)
	one.Process, one.Push = h.chain[0], true
	a := attach(t, c, one)
	dnd := peer.StatusDND
	if _, err := c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: one.Session}, Source: daemon.SourceManual, Status: &dnd}); err != nil {
		t.Fatal(err)
	}
	send(t, ada, peer.Draft{Text: "later"})
	send(t, ada, peer.Draft{Text: "fire", Priority: wire.PriorityNow})
	until(t, "both", func() bool { return h.status(peer.StatusDND).Waiting == 2 })
	answer := h.tell("UserPromptSubmit", "")
	wants(t, answer.Batch, ":fire")
	confirm(t, c, answer.Batch)
	wants(t, takes(t, c, one.Session, 1), ":later")
	select {
	case pushed := <-a.Pushes():
		t.Errorf("pushed %+v", pushed)
	default:
	}
}

// The daemon answers hooks while the relay is gone, and while commands wait for it.
func TestHooksWaitForNothing(t *testing.T) {
	r, ada, m := world(t)
	c := m.client()
	h := newHooks(t, c)
	h.tell("SessionStart", "startup")
	sees(t, ada, h.status(peer.StatusIdle).Session)
	r.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 20 {
		go c.Send(ctx, daemon.Send{Caller: h.caller(), To: "@Ada", Text: "while it is gone"})
		go c.Peers(ctx, h.caller(), "")
	}
	for range 100 {
		h.tell("PostToolUse", "")
		h.status(peer.StatusWorking)
	}
}

func (h *hooks) caller() daemon.Caller { return daemon.Caller{Chain: h.chain} }

// A hook's process is told apart from the agent's program by the shells between them, and an agent that another agent started
// is not taken for it.
func TestWhoseHook(t *testing.T) {
	_, _, m := world(t)
	c := m.client()
	outer := newHooks(t, c)
	outer.tell("SessionStart", "startup")
	inner := m.agent(someone(1), true) // a process that is not a shell
	inner.awaitReady()
	defer inner.end()
	h := &hooks{t, c, append([]proc.Process{must(proc.Of(inner.command.Process.Pid))}, outer.chain...), "claude-inner"}
	h.tell("SessionStart", "startup")
	if got := h.status(peer.StatusIdle).Process.PID; got != inner.command.Process.Pid {
		t.Errorf("the hook of the inner program is that of process %d (this is %d)", got, os.Getpid())
	}
	if len(must(c.Report(limit(t))).Sessions) != 2 {
		t.Error("there are not two sessions")
	}
}

// A member that marks everything as urgent fills no agent's context after its tools: what is over comes when the user asks for something.
func TestUrgentIsBounded(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	h := newHooks(t, c)
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	h.tell("SessionStart", "startup")
	for range agent.MaxShown + 1 {
		send(t, ada, peer.Draft{Text: "fire", Priority: wire.PriorityNow})
	}
	until(t, "all", func() bool { return h.status(peer.StatusIdle).Waiting == agent.MaxShown+1 })
	answer := h.tell("PostToolUse", "")
	if len(answer.Batch.Messages) != agent.MaxShown {
		t.Errorf("after a tool %d are shown", len(answer.Batch.Messages))
	}
	confirm(t, c, answer.Batch)
	for _, event := range []string{"PostToolUse", "Stop"} {
		if answer = h.tell(event, ""); len(answer.Batch.Messages) > 0 {
			t.Errorf("%s shows %d more", event, len(answer.Batch.Messages))
		}
	}
	wants(t, h.tell("UserPromptSubmit", "").Batch, ":fire")
}
