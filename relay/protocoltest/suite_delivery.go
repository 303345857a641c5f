package protocoltest

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

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
