package simulation

import (
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// sends has a peer send a draft, as its driver does.
func (p *peerNode) sends(t *testing.T, draft peer.Draft) (got peer.Result) {
	t.Helper()
	var replied []byte
	for _, m := range p.messages() {
		if m.ID == draft.ReplyTo && !m.ID.IsZero() {
			key, _ := p.store.Get(t.Context(), peer.BucketMessageID, m.ID[:])
			replied, _ = p.store.Get(t.Context(), peer.BucketMessage, key)
		}
	}
	p.do(func(ref uint64) peer.Input { return peer.Send{Ref: ref, Draft: draft, Replied: replied} }, func(r peer.Result) { got = r })
	return got
}

// last is the newest message of a peer's log.
func (p *peerNode) last(t *testing.T) peer.MessageView {
	t.Helper()
	all := p.messages()
	if len(all) == 0 {
		t.Fatalf("%s has no message", p.name)
	}
	return all[len(all)-1]
}

// TestSiblings: sessions of a member's only device write to each other through its log. The relay takes what they write, nobody
// else gets it, and that one took it is told to nobody.
func TestSiblings(t *testing.T) {
	w, ada, bo := two(t, nothing)
	one, other := w.newSession(), w.newSession()
	agent := peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Directory: "~/parser"}
	ada.shows(one, agent)
	ada.shows(other, agent)
	ask := ada.sends(t, peer.Draft{Target: other.String()[:8], FromSession: one, Text: "which port?", Type: "ask"}) // the relay has said nothing of it yet
	if ask.Err != nil || ask.Message.Session != other || ask.Message.FromSession != one || ask.Message.State != peer.Sending {
		t.Fatalf("%+v", ask)
	}
	w.run(w.now.Add(5 * time.Second))
	if m := ada.last(t); m.ID != ask.Message.ID || m.State == peer.Sending || m.State == peer.Failed || m.State == peer.Read {
		t.Fatalf("the relay made of it %+v", m)
	}
	if len(bo.messages()) != 0 || len(ada.messages()) != 1 || len(ada.core.View().Asks) != 0 || ada.core.View().Unread != 0 {
		t.Errorf("Bo has %d messages, Ada %d, with %d asks", len(bo.messages()), len(ada.messages()), len(ada.core.View().Asks))
	}
	sends := w.sent[wire.FrameSend]
	took := func(id wire.MessageID) {
		ada.do(func(ref uint64) peer.Input { return peer.MarkMessagesRead{Ref: ref, Messages: []wire.MessageID{id}} }, func(peer.Result) {})
		w.run(w.now.Add(time.Second))
	}
	took(ask.Message.ID)
	if m := ada.last(t); m.State != peer.Read || w.sent[wire.FrameSend] != sends {
		t.Errorf("taken, it is %s, and %d frames were sent", m.State, w.sent[wire.FrameSend]-sends)
	}

	// Without the relay it is in the log all the same, and read once it was taken, also after a new start.
	ada.away = true
	ada.link.broken()
	answer := ada.sends(t, peer.Draft{Conversation: ask.Message.Conversation, ReplyTo: ask.Message.ID, FromSession: other, Text: "8080", Type: "answer"})
	if answer.Err != nil || answer.Message.Session != one {
		t.Fatalf("%+v", answer)
	}
	took(answer.Message.ID)
	ada.crash("at a test's word")
	w.run(w.now.Add(time.Second))
	if m := ada.last(t); m.State != peer.Read || ada.core.Waiting() != 1 {
		t.Errorf("it is %s, and %d wait", m.State, ada.core.Waiting())
	}
	ada.away = false
	ada.redial(0)
	w.run(w.now.Add(5 * time.Second))
	if m := ada.last(t); m.State != peer.Read || m.ReceivedAt == 0 || ada.core.Waiting() != 0 || len(bo.messages()) != 0 {
		t.Errorf("it is %+v, and %d wait", m, ada.core.Waiting())
	}

	// Another device of the member gets it as what its member wrote.
	w.addDevice(ada, "Ada's other")
	w.run(w.now.Add(5 * time.Second))
	second := w.peers[len(w.peers)-1]
	copied := ada.sends(t, peer.Draft{Target: "@Ada/" + other.String()[:4], FromSession: one, Text: "and the host?"})
	w.run(w.now.Add(5 * time.Second))
	if m := second.last(t); copied.Err != nil || m.ID != copied.Message.ID || m.State != peer.Accepted && m.State != peer.Delivered || m.Session != other {
		t.Errorf("%v: the other device has %+v", copied.Err, m)
	}
	if w.failed != nil {
		t.Fatal(w.failed)
	}
}

// TestSiblingsAreNamed: what comes to nobody is refused, with the sessions that could be meant.
func TestSiblingsAreNamed(t *testing.T) {
	w := newWorld(1)
	w.script = &script{w: w, t: t}
	ada := w.found("Ada")
	one, other, ended := w.newSession(), w.newSession(), w.newSession()
	for _, id := range []wire.SessionID{one, other, ended} {
		ada.shows(id, peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Directory: "~/parser"})
	}
	w.run(w.now.Add(2 * time.Second))
	ada.ends(ended)
	own := peer.DirectConversation(ada.member)
	for name, draft := range map[string]peer.Draft{
		"everyone":             {Target: "*"},
		"the own name":         {Target: "@Ada"},
		"itself":               {Conversation: own, Session: one},
		"a session that ended": {Conversation: own, Session: ended},
		"no session":           {Conversation: own, Session: w.newSession()},
	} {
		draft.Text, draft.FromSession = "x", one
		got := ada.sends(t, draft)
		if wire.CodeOf(got.Err) != wire.CodeNotFound {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		if sentence := got.Err.Error(); !strings.Contains(sentence, other.String()[:8]+" (~/parser)") || strings.Contains(sentence, one.String()[:8]) || strings.Contains(sentence, ended.String()[:8]) {
			t.Errorf("%s: %s", name, sentence)
		}
	}
	if len(ada.messages()) != 0 {
		t.Errorf("%d messages are in the log", len(ada.messages()))
	}
}
