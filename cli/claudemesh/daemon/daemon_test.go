//go:build unix

package daemon_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// The whole way of one message: pushed, taken, confirmed, read by its sender, answered.
func TestConversation(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	one := someone(1)
	one.Push, one.Directory = true, m.home.Dir()
	a := attach(t, c, one)
	sees(t, ada, one.Session)
	if card := sessions(ada)[one.Session].Card; card.Kind != peer.KindAgent || card.Status != peer.StatusIdle || card.Client != "test" || card.StatusSince == 0 {
		t.Errorf("the card is %+v", card)
	}
	sent := send(t, ada, peer.Draft{Text: "are you there?", Type: "ask"})
	select {
	case pushed := <-a.Pushes():
		if pushed.ID != sent.ID || pushed.FromName != "Ada" || pushed.Type != "ask" || pushed.Seen != "" || pushed.MeshName != "Harbour" {
			t.Errorf("pushed %+v", pushed)
		}
	case <-limit(t).Done():
		t.Fatal("nothing was pushed")
	}
	comesTo(t, ada, sent.ID, peer.Delivered) // a push alone is not read
	b := takes(t, c, one.Session, 1)
	wants(t, b, "pushed:are you there?")
	confirm(t, c, b)
	comesTo(t, ada, sent.ID, peer.Read)
	if again, err := c.Take(limit(t), daemon.Take{Caller: daemon.Caller{Session: one.Session}}); err != nil || len(again.Messages) != 0 || again.ID != 0 {
		t.Errorf("taken again: %+v, %v", again, err)
	}

	answer, err := c.Send(limit(t), daemon.Send{Caller: daemon.Caller{Session: one.Session}, Text: "yes", ReplyTo: sent.ID, Type: "answer"})
	if err != nil || answer.State == peer.Sending || answer.State == peer.Failed || !slices.Equal(answer.To, []string{"Ada"}) {
		t.Fatalf("sent %+v, %v", answer, err)
	}
	until(t, "the answer", func() bool {
		got, err := ada.Message(t.Context(), answer.ID)
		return err == nil && got.FromSession == one.Session && got.ReplyTo == sent.ID && got.Type == "answer"
	})
	id, found, err := c.Message(limit(t), answer.ID.String()[:8])
	if err != nil || id != answer.ID || found.Conversation != answer.Conversation {
		t.Errorf("found %s %+v, %v", id, found, err)
	}
	peers, err := c.Peers(limit(t), daemon.Caller{Session: one.Session}, "")
	if err != nil || len(peers) != 1 || !peers[0].Online || peers[0].Self.Session != one.Session || len(peers[0].Members) != 2 {
		t.Errorf("the peers are %+v, %v", peers, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the session's end", func() bool { return len(sessions(ada)) == 0 })
}

// A reply to a message that was pushed confirms it: the agent cannot have it from elsewhere.
func TestReplyConfirms(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	one := someone(1)
	one.Push = true
	a := attach(t, c, one)
	sent := send(t, ada, peer.Draft{Text: "quick question"})
	<-a.Pushes()
	if _, err := c.Send(limit(t), daemon.Send{Caller: daemon.Caller{Session: one.Session}, Text: "quick answer", ReplyTo: sent.ID}); err != nil {
		t.Fatal(err)
	}
	comesTo(t, ada, sent.ID, peer.Read)
}

// Many programs that need the daemon at the same moment get the same one.
func TestStartedOnce(t *testing.T) {
	_, _, m := world(t)
	var clients sync.WaitGroup
	pids := make([]int, 8)
	for i := range pids {
		clients.Go(func() {
			c, err := daemon.Connect(limit(t), m.daemon)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			report, err := c.Report(limit(t))
			if err != nil {
				t.Error(err)
			}
			pids[i] = report.PID
		})
	}
	clients.Wait()
	if slices.Min(pids) != slices.Max(pids) || pids[0] == 0 {
		t.Errorf("the daemons are %v", pids)
	}
	info, err := os.Stat(must(m.home.Socket()))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(m.home.LogPath()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the log is %v, %v", info, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What needs the daemon only if it runs does not start it.
func TestNotStarted(t *testing.T) {
	_, _, m := world(t)
	options := m.daemon
	options.Start = false
	if _, err := daemon.Connect(limit(t), options); wire.CodeOf(err) != wire.CodeUnreachable {
		t.Errorf("connected: %v", err)
	}
	// A socket that a killed daemon left is no daemon either, and is in nobody's way.
	c := m.client()
	m.kill(c)
	if _, err := os.Stat(must(m.home.Socket())); err != nil {
		t.Fatal("the socket is gone: this test shows nothing")
	}
	if _, err := daemon.Connect(limit(t), options); wire.CodeOf(err) != wire.CodeUnreachable {
		t.Errorf("connected: %v", err)
	}
	m.client()
}

// A daemon that is killed with sessions attached: they come back by themselves under the same id, with what they said of
// themselves; nothing is lost, and what was handed out is not new a second time.
func TestKilledDaemon(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	one, two := someone(1), someone(2)
	one.Push = true
	a := attach(t, c, one)
	sees(t, ada, one.Session)
	summary, status := "the docks", peer.StatusDND
	card, err := c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: one.Session}, Source: daemon.SourceManual, Summary: &summary, AddTags: []string{"crane"}})
	if err != nil || card.Card.Summary != summary {
		t.Fatalf("changed to %+v, %v", card, err)
	}
	pushed := send(t, ada, peer.Draft{Text: "pushed"})
	<-a.Pushes()
	if _, err := c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: one.Session}, Source: daemon.SourceManual, Status: &status}); err != nil {
		t.Fatal(err)
	}
	attach(t, c, two)
	sees(t, ada, two.Session)
	lent := send(t, ada, peer.Draft{Text: "lent", Session: two.Session})
	taken := send(t, ada, peer.Draft{Text: "taken", Session: one.Session})
	b := takes(t, c, one.Session, 2)
	confirm(t, c, b)
	comesTo(t, ada, taken.ID, peer.Read)
	comesTo(t, ada, pushed.ID, peer.Read)
	wants(t, takes(t, c, two.Session, 1), ":lent") // and not confirmed
	m.kill(c)
	meanwhile := send(t, ada, peer.Draft{Text: "meanwhile", Session: one.Session})

	wants(t, takes(t, c, two.Session, 1), "unconfirmed:lent")
	b = takes(t, c, one.Session, 1)
	wants(t, b, ":meanwhile")
	confirm(t, c, b)
	comesTo(t, ada, meanwhile.ID, peer.Read)
	comesTo(t, ada, lent.ID, peer.Delivered)
	card, err = c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: one.Session}})
	if err != nil || card.Session != one.Session || card.Card.Summary != summary || card.Card.Status != status || !slices.Contains(card.Card.Tags, "crane") {
		t.Errorf("it came back as %+v, %v", card, err)
	}
	until(t, "both sessions again, and no other", func() bool {
		seen := sessions(ada)
		return len(seen) == 2 && seen[one.Session].Card.Summary == summary
	})
}

// A batch of which the daemon was killed before its confirmation came can still be confirmed.
func TestConfirmedLate(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	one := someone(1)
	attach(t, c, one)
	sent := send(t, ada, peer.Draft{Text: "printed"})
	b := takes(t, c, one.Session, 1)
	m.kill(c)
	confirm(t, c, b)
	comesTo(t, ada, sent.ID, peer.Read)
	if b, err := c.Take(limit(t), daemon.Take{Caller: daemon.Caller{Session: one.Session}}); err != nil || len(b.Messages) != 0 {
		t.Errorf("it came again: %q, %v", texts(b), err)
	}
}

// An agent's program that is killed is gone from the mesh, and what it had not confirmed comes to the next, not as new.
func TestKilledAgent(t *testing.T) {
	_, ada, m := world(t)
	one := someone(1)
	p := m.agent(one, false)
	p.awaitReady()
	sees(t, ada, one.Session)
	sent := send(t, ada, peer.Draft{Text: "cut off"})
	until(t, "the batch", func() bool { return len(p.said()) == 2 })
	p.kill()
	until(t, "the end of its session", func() bool { return len(sessions(ada)) == 0 })
	c := m.client()
	two := someone(2)
	attach(t, c, two)
	b := takes(t, c, two.Session, 1)
	wants(t, b, "unconfirmed:cut off")
	confirm(t, c, b)
	comesTo(t, ada, sent.ID, peer.Read)
}

// A daemon of another version makes room, and its sessions go on with the one that follows.
func TestVersions(t *testing.T) {
	_, ada, m := world(t)
	old := m.client()
	one := someone(1)
	attach(t, old, one)
	sees(t, ada, one.Session)
	before := must(old.Report(limit(t)))

	newer := m.daemon
	newer.Version, newer.Program = "2", program(t, "2", "1h")
	c, err := daemon.Connect(limit(t), newer)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	after := must(c.Report(limit(t)))
	if after.Version != "2" || after.PID == before.PID {
		t.Errorf("after the handover: %+v", after)
	}
	if _, err := c.Change(limit(t), daemon.Change{Caller: daemon.Caller{Session: one.Session}}); err != nil {
		t.Errorf("the session did not go on: %v", err)
	}
	sent := send(t, ada, peer.Draft{Text: "to the newer"})
	confirm(t, old, takes(t, old, one.Session, 1)) // the older client speaks to the newer daemon
	comesTo(t, ada, sent.ID, peer.Read)
	if again := must(c.Report(limit(t))); again.PID != after.PID {
		t.Error("the older client brought its own daemon back")
	}
}

// Nobody needs it: it leaves. While a session is there it stays.
func TestLeavesWhenUnused(t *testing.T) {
	_, _, m := world(t)
	m.daemon.Program = program(t, "1", "1ns")
	c := m.client()
	a := attach(t, c, someone(1))
	report := must(c.Report(limit(t)))
	p := must(proc.Of(report.PID))
	a.Close()
	until(t, "the daemon to leave", func() bool { return !proc.Alive(p) })
}

// In a program's own process the daemon does the same, for that program.
func TestEmbedded(t *testing.T) {
	_, ada, m := world(t)
	options := m.daemon
	options.Embed, options.Start = true, false
	c, err := daemon.Connect(limit(t), options)
	if err != nil {
		t.Fatal(err)
	}
	one := someone(1)
	attach(t, c, one)
	sees(t, ada, one.Session)
	sent := send(t, ada, peer.Draft{Text: "inside"})
	confirm(t, c, takes(t, c, one.Session, 1))
	comesTo(t, ada, sent.ID, peer.Read)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the session's end", func() bool { return len(sessions(ada)) == 0 })
	lock, err := m.folder.Lock()
	if err != nil {
		t.Fatalf("the folder is not free: %v", err)
	}
	lock.Unlock()
}

// An attachment that ends without a word ends its session a little later, and one that comes back in time goes on.
func TestAttachmentLost(t *testing.T) {
	_, ada, m := world(t)
	c := m.client()
	ctx, cut := context.WithCancel(t.Context())
	one := someone(1)
	if _, err := c.Attach(ctx, one); err != nil {
		t.Fatal(err)
	}
	sees(t, ada, one.Session)
	cut()
	other := m.client()
	a := attach(t, other, one)
	started := must(other.Report(limit(t))).Sessions[0].Since
	a.Close()
	until(t, "the session's end", func() bool { return len(sessions(ada)) == 0 })
	if time.UnixMilli(started).After(time.Now()) {
		t.Errorf("the session began at %d", started)
	}
}
