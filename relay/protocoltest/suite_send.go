package protocoltest

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// sending is what a relay takes and refuses of envelopes (docs/PROTOCOL.md, sections 5 and 7).
func sending(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	general := wire.GeneralTopic(m.ID)
	o := m.Owner

	type attempt struct {
		name     string
		envelope func() []byte
		want     wire.Code
	}
	edited := func(edit func([]byte)) func() []byte {
		return func() []byte {
			e := m.Direct(o, 100, bob.Member)
			edit(e)
			return e
		}
	}
	header := func(edit func(*wire.Header)) func() []byte {
		return func() []byte {
			o.Counter++
			h := wire.Header{Kind: wire.KindDirect, Epoch: 1, Counter: o.Counter, Recipients: [][32]byte{bob.Member}}
			edit(&h)
			return m.seal(o, h, 100, m.openers(o, []wire.MemberID{bob.Member}))
		}
	}
	for _, a := range []attempt{
		{"cut short", func() []byte { e := m.Direct(o, 100, bob.Member); return e[:len(e)-1] }, wire.CodeMalformed},
		{"a byte too many", func() []byte { return append(m.Direct(o, 100, bob.Member), 0) }, wire.CodeMalformed},
		{"another suite", edited(func(e []byte) { e[0] = 9 }), wire.CodeUnsupported},
		{"another kind", edited(func(e []byte) { e[1] = 9 }), wire.CodeMalformed},
		{"another priority", edited(func(e []byte) { e[2] = 9 }), wire.CodeMalformed},
		{"flags", edited(func(e []byte) { e[3] = 1 }), wire.CodeMalformed},
		{"no recipient", header(func(h *wire.Header) { h.Recipients = nil }), wire.CodeMalformed},
		{"a recipient twice", header(func(h *wire.Header) { h.Recipients = append(h.Recipients, bob.Member) }), wire.CodeMalformed},
		{"an unknown recipient", header(func(h *wire.Header) { h.Recipients[0] = [32]byte{1} }), wire.CodeUnknownMember},
		{"a later epoch", header(func(h *wire.Header) { h.Epoch = 2 }), wire.CodeStaleEpoch},
		{"no stanza", func() []byte {
			o.Counter++
			return m.seal(o, wire.Header{Kind: wire.KindDirect, Epoch: 1, Counter: o.Counter, Recipients: [][32]byte{bob.Member}}, 100, nil)
		}, wire.CodeStaleRoster},
		{"a stanza for another device", func() []byte {
			o.Counter++
			h := wire.Header{Kind: wire.KindDirect, Epoch: 1, Counter: o.Counter, Recipients: [][32]byte{bob.Member}}
			return m.seal(o, h, 100, []wire.DeviceID{NewDevice(t).ID})
		}, wire.CodeStaleRoster},
		{"an unknown topic", func() []byte { return m.Topic(o, 100, wire.TopicID{1}) }, wire.CodeNotFound},
	} {
		t.Run(a.name, func(t *testing.T) {
			owner.t = t
			owner.Send(0, a.envelope())
			var refused wire.Refused
			owner.ReadJSON(wire.FrameRefused, &refused)
			if refused.Code != a.want || refused.Counter != o.Counter || refused.Retry != a.want.Info().Retry {
				t.Errorf("refused with %+v, want %s for counter %d", refused, a.want, o.Counter)
			}
		})
	}
	owner.t = t

	t.Run("counters", func(t *testing.T) {
		owner.t = t
		first := m.Direct(o, 100, bob.Member)
		at := o.Counter
		owner.Send(at-1, first) // after must be the last accepted: none was
		if last := owner.Resumed(); last != 0 {
			t.Errorf("resume after %d, want 0", last)
		}
		owner.Send(0, first)
		placed := owner.Accepted(at)
		if len(placed.Placed) != 1 || placed.Placed[0].Recipient != bob.Member || placed.Placed[0].Position == 0 {
			t.Errorf("accepted at %+v", placed)
		}
		owner.Send(0, first)
		owner.Accepted(at)
		second := m.Topic(o, 100, general)
		owner.Send(0, second)
		if last := owner.Resumed(); last != at {
			t.Errorf("resume after %d, want %d", last, at)
		}
		owner.Send(at, second)
		owner.Accepted(o.Counter)
		// Stored once each: the inbox and the topic hold one.
		reader := m.Connect(t, bob)
		reader.Tail(0, wire.InboxStream(bob.Member))
		reader.Delivery()
		reader.Live(wire.InboxStream(bob.Member))
		reader.Tail(0, wire.TopicStream(general))
		reader.Delivery()
		reader.Live(wire.TopicStream(general))

		again := m.Connect(t, o)
		if again.Welcome.LastCounter != o.Counter {
			t.Errorf("welcome names the counter %d, want %d", again.Welcome.LastCounter, o.Counter)
		}
	})
	t.Run("the largest", func(t *testing.T) {
		c, reader := m.Connect(t, o), m.Connect(t, bob)
		reader.Tail(0, wire.InboxStream(bob.Member))
		reader.Delivery()
		reader.Live(wire.InboxStream(bob.Member))
		last := o.Counter
		room := wire.MaxEnvelope - len(m.Direct(o, 0, bob.Member))
		o.Counter = last
		largest := m.Direct(o, room, bob.Member)
		c.Send(last, largest)
		c.Accepted(o.Counter)
		if d, _ := reader.Delivery(); !bytes.Equal(d.Envelope, largest) {
			t.Error("the largest envelope arrived changed")
		}
		last = o.Counter
		c.Send(last, m.Direct(o, room+1, bob.Member))
		var refused wire.Refused
		c.ReadJSON(wire.FrameRefused, &refused)
		if refused.Code != wire.CodeTooLarge {
			t.Errorf("an envelope of %d bytes is refused with %+v", wire.MaxEnvelope+1, refused)
		}
	})
}

// Resumed reads a resume frame.
func (c *Client) Resumed() uint64 {
	c.t.Helper()
	last, err := wire.ParseResume(c.Read(wire.FrameResume))
	if err != nil {
		c.t.Fatal(err)
	}
	return last
}

// delivery is who gets what, when, and in which order (docs/PROTOCOL.md, section 8).
func delivery(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob, eve := m.Add(t, owner), m.Add(t, owner)
	inbox := wire.InboxStream(bob.Member)
	o := m.Owner

	// Two while bob is away, and one to eve in between.
	sent := [][]byte{m.Direct(o, 300, bob.Member, eve.Member), m.Direct(o, 200, eve.Member), m.Direct(o, 100, bob.Member)}
	for i, e := range sent {
		owner.Send(uint64(i), e)
	}
	first := owner.Accepted(1)
	owner.Accepted(2)
	third := owner.Accepted(3)

	reader := m.Connect(t, bob)
	reader.Tail(0, inbox)
	d1, e1 := reader.Delivery()
	d3, e3 := reader.Delivery()
	if head := reader.Live(inbox); head != d3.Position {
		t.Errorf("live at %d, want %d", head, d3.Position)
	}
	if d1.Stream != inbox || d1.Sender != o.ID || d1.Previous != 0 || d3.Previous != d1.Position || d3.Position <= d1.Position {
		t.Errorf("delivered %+v and %+v", d1, d3)
	}
	if positionFor(first, bob.Member) != d1.Position || positionFor(third, bob.Member) != d3.Position {
		t.Errorf("accepted at %+v and %+v, delivered at %d and %d", first, third, d1.Position, d3.Position)
	}
	for i, e := range []wire.Envelope{e1, e3} {
		whole, err := wire.ParseEnvelope(sent[2*i])
		if err != nil {
			t.Fatal(err)
		}
		if e.Stanzas() != 1 || e.StanzaDevice(0) != bob.ID || !bytes.Equal(e.Ciphertext, whole.Ciphertext) || !bytes.Equal(e.Header, whole.Header) {
			t.Errorf("bob gets %d stanzas, or another envelope than was sent", e.Stanzas())
		}
	}

	// Live now: the next comes by itself, and its sender hears when bob has it.
	owner.Send(3, m.Direct(o, 50, bob.Member))
	owner.Accepted(4)
	d4, _ := reader.Delivery()
	if d4.Previous != d3.Position {
		t.Errorf("delivered behind %d, want %d", d4.Previous, d3.Position)
	}
	reader.Write(wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: d4.Position}))
	for _, counter := range []uint64{1, 3, 4} {
		got, err := wire.ParseDelivered(owner.Read(wire.FrameDelivered))
		if err != nil || got.Counter != counter || got.Member != bob.Member || got.Device != bob.ID {
			t.Errorf("delivered %+v (%v), want counter %d", got, err, counter)
		}
	}

	// From a position, and again after a reconnect.
	again := m.Connect(t, bob)
	again.Tail(d3.Position, inbox)
	if d, _ := again.Delivery(); d.Position != d4.Position {
		t.Errorf("behind %d comes %d, want %d", d3.Position, d.Position, d4.Position)
	}
	again.Live(inbox)

	// A sender that comes back asks for what it still waits for.
	eves := m.Connect(t, eve)
	eves.Write(wire.AppendCursor(nil, wire.Cursor{Stream: wire.InboxStream(eve.Member), Position: wire.MaxPosition}))
	eves.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
	eves.Read(wire.FramePong)
	back := m.Connect(t, o)
	back.Write(wire.AppendJSONFrame(nil, wire.FrameTrack, wire.Track{Items: []wire.TrackItem{{Member: eve.Member, Position: positionFor(first, eve.Member), Counter: 1}}}))
	if got, err := wire.ParseDelivered(back.Read(wire.FrameDelivered)); err != nil || got.Counter != 1 || got.Member != eve.Member {
		t.Errorf("tracked: %+v (%v)", got, err)
	}

	t.Run("topic", func(t *testing.T) { topicDelivery(t, m) })
}

func positionFor(a wire.Accepted, member wire.MemberID) wire.Position {
	for _, p := range a.Placed {
		if p.Recipient == member {
			return p.Position
		}
	}
	return 0
}

func topicDelivery(t *testing.T, m *Mesh) {
	owner := m.Connect(t, m.Owner)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	first, second := m.Connect(t, m.Add(t, owner)), m.Connect(t, m.Add(t, owner))
	for _, c := range []*Client{first, second, owner} {
		c.Tail(0, general)
		c.Live(general)
	}
	envelope := m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID))
	owner.Send(owner.Welcome.LastCounter, envelope)
	owner.Accepted(m.Owner.Counter)
	for _, c := range []*Client{first, second, owner} {
		if d, _ := c.Delivery(); d.Stream != general || d.Sender != m.Owner.ID || !bytes.Equal(d.Envelope, envelope) {
			t.Errorf("delivered %+v", d)
		}
	}
}

// access is what a device may not do (docs/PROTOCOL.md, section 8).
func access(t *testing.T, x Target) {
	m, elsewhere := Found(t, x), Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob, eve := m.Add(t, owner), m.Add(t, owner)
	owner.Send(0, m.Direct(m.Owner, 100, bob.Member))
	accepted := owner.Accepted(1)
	theirs := m.Connect(t, eve)
	foreign := []wire.Stream{
		wire.InboxStream(bob.Member), wire.InboxStream(elsewhere.Owner.Member),
		wire.RosterStream(elsewhere.ID),
	}
	for _, stream := range foreign {
		theirs.Tail(0, stream)
		theirs.Complains(wire.CodeForbidden)
		theirs.Write(wire.AppendCursor(nil, wire.Cursor{Stream: stream, Position: wire.MaxPosition}))
		theirs.Complains(wire.CodeForbidden)
	}
	theirs.Tail(0, wire.TopicStream(wire.GeneralTopic(elsewhere.ID)))
	theirs.Complains(wire.CodeNotFound)

	// Nothing was read or marked: bob gets all of it, and only then does the sender hear of it.
	inbox := wire.InboxStream(bob.Member)
	reader := m.Connect(t, bob)
	reader.Tail(0, inbox)
	if d, _ := reader.Delivery(); d.Position != positionFor(accepted, bob.Member) {
		t.Errorf("delivered at %d, accepted at %d", d.Position, positionFor(accepted, bob.Member))
	}
	reader.Live(inbox)
	reader.Write(wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: wire.MaxPosition}))
	if got, err := wire.ParseDelivered(owner.Read(wire.FrameDelivered)); err != nil || got.Device != bob.ID {
		t.Errorf("delivered %+v (%v), want bob's device", got, err)
	}

	t.Run("after removal", func(t *testing.T) {
		raw := m.Draft(m.Owner, m.removal(eve))
		if reply := owner.Append(wire.Append{Statement: raw}); reply.Error != nil {
			t.Fatalf("the removal is refused: %v", reply.Error)
		}
		m.fold(t, raw)
		theirs.Closes(wire.CodeRemoved)
		c := m.Dial(t)
		c.Write(c.Hello(wire.Hello{Device: eve.ID, Session: wire.SessionID{1}, Origin: x.Origin}, eve))
		c.Closes(wire.CodeRemoved)
	})
}

// removal takes a member with one device, and gives the others a new root key.
func (m *Mesh) removal(d *Device) roster.Body {
	body := &roster.MemberRemoved{Member: d.Member, Last: []roster.LastCounter{{Device: d.ID, Counter: d.Counter}}}
	body.Rotation.Commitment = [wire.CommitmentSize]byte(Random(wire.CommitmentSize))
	for member := range m.Roster.Members() {
		if member.ID == d.Member {
			continue
		}
		for _, device := range m.Roster.DevicesOf(member.ID) {
			body.Rotation.Wraps = append(body.Rotation.Wraps, roster.Wrap{Device: device})
		}
	}
	return body
}

// presence is what others see of sessions (docs/PROTOCOL.md, section 10).
func presence(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	watcher := m.ConnectAs(t, m.Owner, wire.SessionID{7}, true)
	if full := watcher.Presence(); !full.Full || len(full.Sessions) != 1 || full.Sessions[0].Session != owner.Session || full.Sessions[0].State != wire.StateOnline {
		t.Errorf("at first %+v", full)
	}

	his := m.Connect(t, bob)
	watcher.sees(bob, his.Session, wire.StateOnline)
	his.Write(wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: 1, Card: []byte("sealed")}))
	if s := watcher.sees(bob, his.Session, wire.StateOnline); s.CardVersion != 1 || string(s.Card) != "sealed" {
		t.Errorf("the card arrives as %+v", s)
	}
	his.HangUp()
	watcher.sees(bob, his.Session, wire.StateAway)
	back := m.ConnectAs(t, bob, his.Session, false)
	if s := watcher.sees(bob, his.Session, wire.StateOnline); s.CardVersion != 1 {
		t.Errorf("the card is gone after a reconnect: %+v", s)
	}
	back.Write(wire.AppendFrame(nil, wire.FrameBye, nil))
	watcher.sees(bob, his.Session, wire.StateOffline)
}

// Presence reads the next presence frame.
func (c *Client) Presence() wire.Presence {
	c.t.Helper()
	var p wire.Presence
	c.ReadJSON(wire.FramePresence, &p)
	return p
}

// sees reads the next presence frame, which must tell of this session alone, in this state.
func (c *Client) sees(d *Device, session wire.SessionID, state string) wire.SessionState {
	c.t.Helper()
	p := c.Presence()
	if p.Full || len(p.Sessions) != 1 || p.Sessions[0].Member != d.Member || p.Sessions[0].Device != d.ID ||
		p.Sessions[0].Session != session || p.Sessions[0].State != state || p.Sessions[0].Since == 0 {
		c.t.Fatalf("presence is %+v, want session %s %s", p, session, state)
	}
	return p.Sessions[0]
}
