package protocoltest

import (
	"bytes"
	"testing"

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
