package simulation

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

func (w *world) newSession() (id wire.SessionID) {
	if _, err := w.entropy.Read(id[:]); err != nil {
		panic(err)
	}
	return id
}

// speaking is the device as its program hands it to a core that starts: with all that it has to say.
func (p *peerNode) speaking() peer.Device {
	device := p.device
	for _, id := range p.sessions() {
		card := p.says[id]
		if id == device.Session {
			device.Card = &card
		} else {
			device.Spoken = append(device.Spoken, peer.Spoken{Session: id, Card: &card})
		}
	}
	return device
}

// sessions are those of which the program says something, in an order of their own.
func (p *peerNode) sessions() []wire.SessionID {
	return slices.SortedFunc(maps.Keys(p.says), func(a, b wire.SessionID) int { return slices.Compare(a[:], b[:]) })
}

// shows has the program say something of a session.
func (p *peerNode) shows(id wire.SessionID, card peer.Card) {
	p.w.note("%s says %q of its session %x", p.name, card.Summary, id[:2])
	p.says[id] = card
	p.input(peer.ShowCard{Session: id, Card: card})
}

func (p *peerNode) ends(id wire.SessionID) {
	p.w.note("%s ends its session %x", p.name, id[:2])
	delete(p.says, id)
	p.input(peer.EndSession{Session: id})
}

// speaks begins, changes or ends one of a peer's sessions by chance, or several at once.
func (w *world) speaks(p *peerNode) {
	for range 1 + w.rand.IntN(3) {
		known := p.sessions()
		card := peer.Card{
			Kind: peer.KindAgent, Status: peer.StatusWorking, StatusSince: w.now.UnixMilli(), Summary: fmt.Sprintf("busy with %d", w.number),
			Tags: []string{"repo:lab"},
		}
		switch n := w.rand.IntN(10); {
		case n < 4 && len(known) < 6 || len(known) == 0:
			p.shows(w.newSession(), card)
		case n < 8:
			p.shows(known[w.rand.IntN(len(known))], card)
		default:
			if id := known[w.rand.IntN(len(known))]; id != p.device.Session {
				p.ends(id)
			}
		}
	}
}

// sessions: what a peer shows of everybody's sessions is what their devices say. Nobody is missing, nobody is a ghost.
func (o *oracle) sessions(p *peerNode, present []*peerNode) {
	says := map[wire.MemberID]map[wire.SessionID]peer.Card{}
	for _, other := range present {
		if says[other.member] == nil {
			says[other.member] = map[wire.SessionID]peer.Card{}
		}
		maps.Copy(says[other.member], other.says)
	}
	for _, m := range p.core.View().Members {
		want := says[m.Member]
		if (m.Presence == peer.Online) != (len(want) > 0) {
			o.w.fail("%s shows %s as %s, who has %d sessions", p.name, m.Name, m.Presence, len(want))
		}
		for _, s := range m.Sessions {
			if s.State == peer.Offline && len(want) == 0 {
				continue // the last one
			}
			card, ok := want[s.Session]
			if !ok || s.State != peer.Online {
				o.w.fail("%s shows a session %x of %s, %s, which is a ghost", p.name, s.Session[:2], m.Name, s.State)
				continue
			}
			delete(want, s.Session)
			if card.StatusSince == 0 {
				card.StatusSince = s.Card.StatusSince // the core's affair
			}
			if card.Tags == nil {
				card.Tags = s.Card.Tags
			}
			if !reflect.DeepEqual(card, s.Card) {
				o.w.fail("%s shows the session %x of %s as %+v, which says %+v", p.name, s.Session[:2], m.Name, s.Card, card)
			}
		}
		for id := range want {
			o.w.fail("%s does not show the session %x of %s", p.name, id[:2], m.Name)
		}
	}
}

// compareSessions holds what everybody shows to what everybody says, in a calm world.
func (w *world) compareSessions(t *testing.T) {
	t.Helper()
	for _, p := range w.peers {
		w.oracle.sessions(p, w.peers)
	}
	if w.failed != nil {
		t.Fatal(w.failed)
	}
}

// TestCardsArePaced: what changes quickly is told a few times, and the last word counts.
func TestCardsArePaced(t *testing.T) {
	w, ada, _ := two(t, nothing)
	id := w.newSession()
	w.sent = map[wire.FrameType]int{}
	for i := range 400 {
		ada.shows(id, peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: fmt.Sprint(i)})
		w.run(w.now.Add(10 * time.Millisecond))
	}
	w.run(w.now.Add(2 * time.Second))
	if n := w.sent[wire.FrameCard]; n < 4 || n > 10 {
		t.Errorf("in four seconds %d cards were sent", n)
	}
	w.compareSessions(t)
	before := w.sent[wire.FrameCard]
	for range 10 {
		ada.shows(id, ada.says[id])
		w.run(w.now.Add(time.Second))
	}
	if n := w.sent[wire.FrameCard]; n != before {
		t.Errorf("what did not change was told %d times", n-before)
	}
}

// TestCardsRateLimited: a relay that takes few cards is asked again until it has all, and nobody loses the connection.
func TestCardsRateLimited(t *testing.T) {
	w, ada, bo := two(t, func(w *world) { w.relay.appends = mesh.Rate{PerSecond: 1, Burst: 10} })
	for _, p := range []*peerNode{ada, bo} {
		for i := range wire.MaxSpoken {
			p.shows(w.newSession(), peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: fmt.Sprint(i)})
		}
	}
	conns := w.relay.conns
	w.run(w.now.Add(4 * time.Minute))
	w.compareSessions(t)
	if w.came["error"] == 0 {
		t.Error("nobody was refused a card")
	}
	if w.relay.conns != conns {
		t.Errorf("%d connections were opened", w.relay.conns-conns)
	}
	refused := 0
	ada.do(func(ref uint64) peer.Input {
		return peer.ShowCard{Ref: ref, Session: w.newSession(), Card: peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle}}
	}, func(r peer.Result) {
		if wire.CodeOf(r.Err) == wire.CodeTooLarge {
			refused++
		}
	})
	if refused != 1 {
		t.Error("one session more than a connection has was taken")
	}
}

// TestSessionsEndWithoutAConnection: what ended while nobody heard it is told as soon as somebody does, before its grace is over.
func TestSessionsEndWithoutAConnection(t *testing.T) {
	w, ada, bo := two(t, nothing)
	ended, stays := w.newSession(), w.newSession()
	for _, id := range []wire.SessionID{ended, stays} {
		ada.shows(id, peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: "at work"})
	}
	w.run(w.now.Add(2 * time.Second))
	w.compareSessions(t)
	ada.away = true
	ada.link.broken()
	w.run(w.now.Add(5 * time.Second))
	for _, m := range bo.core.View().Members {
		if m.Member == ada.member && (m.Presence != peer.Away || len(m.Sessions) != 3) {
			t.Errorf("without a connection Ada is %s, with %d sessions", m.Presence, len(m.Sessions))
		}
	}
	ada.ends(ended)
	ada.away = false
	ada.redial(0)
	w.run(w.now.Add(5 * time.Second))
	w.compareSessions(t)
}

// TestVersionsBehindAnotherRun: a device whose clock was set back is heard nevertheless.
func TestVersionsBehindAnotherRun(t *testing.T) {
	w, ada, _ := two(t, nothing)
	id := w.newSession()
	ada.skew = time.Hour
	ada.shows(id, peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: "before"})
	w.run(w.now.Add(2 * time.Second))
	ada.crash("to lose what it knew")
	ada.skew = 0
	w.run(w.now.Add(2 * time.Second))
	ada.shows(id, peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: "after"})
	w.run(w.now.Add(5 * time.Second))
	w.compareSessions(t)
}

// TestCardsFollowTheEpoch: who left cannot open what is said from then on.
func TestCardsFollowTheEpoch(t *testing.T) {
	w, ada, bo := two(t, nothing)
	cy := w.join(ada, "Cy")
	for _, p := range []*peerNode{ada, bo} {
		p.shows(w.newSession(), peer.Card{Kind: peer.KindAgent, Status: peer.StatusIdle, Summary: "at work"})
	}
	w.run(w.now.Add(5 * time.Second))
	w.sent = map[wire.FrameType]int{}
	cy.leaving = true
	cy.input(peer.Depart{})
	w.run(w.now.Add(20 * time.Second))
	if n := w.sent[wire.FrameCard]; n != 4 {
		t.Errorf("after the epoch moved %d cards were told, of 4 sessions", n)
	}
	for _, p := range []*peerNode{ada, bo} {
		w.oracle.sessions(p, []*peerNode{ada, bo})
	}
	if w.failed != nil {
		t.Error(w.failed)
	}
}

func asks(p *peerNode) (texts []string) {
	for _, a := range p.core.View().Asks {
		texts = append(texts, a.Text)
	}
	return texts
}

// TestAsksOnTwoDevices: what is asked is asked on each device of a member, and what one of them answers is answered for all.
func TestAsksOnTwoDevices(t *testing.T) {
	w, ada, bo := two(t, nothing)
	w.addDevice(ada, "Pad")
	pad := w.peer("Pad")
	send := func(p *peerNode, d peer.Draft) (id wire.MessageID) {
		t.Helper()
		p.do(func(ref uint64) peer.Input { return peer.Send{Ref: ref, Draft: d} }, func(r peer.Result) {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			id = r.Message.ID
		})
		w.run(w.now.Add(2 * time.Second))
		return id
	}
	want := func(texts ...string) {
		t.Helper()
		for _, p := range []*peerNode{ada, pad} {
			if got := asks(p); !slices.Equal(got, texts) {
				t.Errorf("%s is asked %q, want %q", p.name, got, texts)
			}
		}
	}
	send(bo, peer.Draft{Target: "Ada", Text: "direct?", Type: "ask"})
	topic := send(bo, peer.Draft{Target: "#general", Text: "@Ada topic?", Type: "ask"})
	want("direct?", "@Ada topic?")
	pad.away = true
	pad.link.broken()
	send(ada, peer.Draft{Target: "Bo", Text: "yes"})
	send(bo, peer.Draft{Target: "Ada", Text: "really?", Type: "ask"})
	pad.crash("while Ada answers")
	if got := asks(pad); !slices.Equal(got, []string{"direct?", "@Ada topic?"}) {
		t.Errorf("without a connection Pad is asked %q", got)
	}
	pad.away = false
	pad.redial(0)
	w.run(w.now.Add(5 * time.Second))
	want("@Ada topic?", "really?")
	send(pad, peer.Draft{Target: "#general", Text: "no", Type: "answer", ReplyTo: topic})
	want("really?")
	// A device that comes later learns of topics what was asked and answered there.
	send(bo, peer.Draft{Target: "#general", Text: "@Ada still?", Type: "ask"})
	w.addDevice(ada, "Phone")
	if got := asks(w.peer("Phone")); !slices.Equal(got, []string{"@Ada still?"}) {
		t.Errorf("Phone is asked %q", got)
	}
	if w.failed != nil {
		t.Error(w.failed)
	}
}
