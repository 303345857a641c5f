//go:build unix

package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// by is a message of a session.
func by(a daemon.Agent, send daemon.Send) daemon.Send {
	send.Caller = daemon.Caller{Session: a.Session}
	return send
}

func sends(t *testing.T, c *daemon.Client, send daemon.Send) daemon.Sent {
	t.Helper()
	sent, err := c.Send(limit(t), send)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// none says that nothing waits for a session.
func none(t *testing.T, c *daemon.Client, session wire.SessionID) {
	t.Helper()
	if batch, err := c.Take(limit(t), daemon.Take{Caller: daemon.Caller{Session: session}}); err != nil || len(batch.Messages) != 0 {
		t.Errorf("%s takes %+v, %v", session, batch.Messages, err)
	}
}

// stateOf waits until a message of this machine is in one of the states.
func stateOf(t *testing.T, c *daemon.Client, id wire.MessageID, states ...peer.Delivery) {
	t.Helper()
	until(t, fmt.Sprint("a message to be ", states), func() bool {
		_, sent, err := c.Message(limit(t), id.String())
		return err == nil && slices.Contains(states, sent.State)
	})
}

// Sessions of one machine write to each other, and each sees what the others write in a topic, once, whatever becomes of the daemon.
func TestSiblings(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	one, two, three := someone(1), someone(2), someone(3)
	one.Directory, two.Directory, two.Push = "/work/api", "/work/parser", true
	attach(t, c, one)
	pushed := attach(t, c, two)
	attach(t, c, three)

	ask := sends(t, c, by(one, daemon.Send{To: "@Bo/parser", Text: "which port?", Type: "ask", Priority: wire.PriorityNext}))
	if !slices.Equal(ask.To, []string{"Bo/" + two.Session.String()[:8]}) || ask.State == peer.Sending || ask.State == peer.Failed {
		t.Errorf("sent %+v", ask)
	}
	select {
	case got := <-pushed.Pushes():
		if got.ID != ask.ID || got.FromSession != one.Session || got.FromName != "Bo" || !got.Here {
			t.Errorf("pushed %+v", got)
		}
	case <-limit(t).Done():
		t.Fatal("nothing was pushed")
	}
	none(t, c, one.Session)
	none(t, c, three.Session)
	batch := takes(t, c, two.Session, 1)
	wants(t, batch, "pushed:which port?")
	confirm(t, c, batch)
	stateOf(t, c, ask.ID, peer.Read)

	answer := sends(t, c, by(two, daemon.Send{ReplyTo: ask.ID, Text: "8080", Type: "answer"}))
	batch = takes(t, c, one.Session, 1)
	wants(t, batch, ":8080")
	confirm(t, c, batch)
	stateOf(t, c, answer.ID, peer.Read)
	none(t, c, two.Session)
	none(t, c, three.Session)

	public := sends(t, c, by(three, daemon.Send{To: "#general", Text: "port 8080 it is"}))
	comes := takes(t, c, one.Session, 1)
	wants(t, comes, ":port 8080 it is")
	confirm(t, c, comes)
	m.kill(c)
	c = m.client()
	for _, one := range []daemon.Agent{one, two, three} {
		attach(t, c, one)
	}
	wants(t, takes(t, c, two.Session, 1), ":port 8080 it is")
	none(t, c, one.Session)
	none(t, c, three.Session)
	comesTo(t, ada, public.ID, peer.Received)
	if all, err := ada.Messages(limit(t), peer.DirectConversation(ada.Mesh().Member, mustFind(ada, "Bo")), 0, 9); err != nil || len(all) != 0 {
		t.Errorf("Ada has %+v, %v", all, err)
	}

	_, err := c.Send(limit(t), by(one, daemon.Send{To: "@Bo", Text: "anybody?"}))
	if wire.CodeOf(err) != wire.CodeNotFound || !strings.Contains(err.Error(), two.Session.String()[:8]+" (/work/parser)") || strings.Contains(err.Error(), one.Session.String()[:8]) {
		t.Errorf("to the own name: %v", err)
	}
}

// Two agents of a machine need no relay to talk, and what one of them wrote is not taken for new by its sender when the other one ends.
func TestSiblingsWithoutARelay(t *testing.T) {
	r, ada, m := world(t)
	c := m.client()
	one, two := someone(1), someone(2)
	attach(t, c, one)
	other := attach(t, c, two)
	sees(t, ada, two.Session)
	r.Stop()
	until(t, "the daemon to notice", func() bool {
		report, err := c.Report(limit(t))
		return err == nil && len(report.Meshes) == 1 && report.Meshes[0].Connection != peer.Connected
	})
	first := sends(t, c, by(one, daemon.Send{To: two.Session.String()[:8], Text: "first"}))
	batch := takes(t, c, two.Session, 1)
	wants(t, batch, ":first")
	confirm(t, c, batch)
	stateOf(t, c, first.ID, peer.Read)
	second := sends(t, c, by(one, daemon.Send{To: two.Session.String()[:8], Text: "second"}))
	stateOf(t, c, second.ID, peer.Sending)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	three := someone(3)
	attach(t, c, three)
	batch = takes(t, c, three.Session, 1)
	wants(t, batch, ":second")
	none(t, c, one.Session)
	r.Start()
	stateOf(t, c, second.ID, peer.Accepted, peer.Delivered)
	confirm(t, c, batch)
	stateOf(t, c, second.ID, peer.Read)
	stateOf(t, c, first.ID, peer.Read)
}
