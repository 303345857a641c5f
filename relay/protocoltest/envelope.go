package protocoltest

import (
	"bytes"
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// Direct makes an envelope of the device for members, with a stanza for each device that may open it, under the device's
// next counter. Keys and ciphertext are random.
func (m *Mesh) Direct(from *Device, size int, to ...wire.MemberID) []byte {
	from.Counter++
	header := wire.Header{Kind: wire.KindDirect, Priority: wire.PriorityNext, Epoch: m.Roster.Epoch(), Counter: from.Counter}
	slices.SortFunc(to, func(a, b wire.MemberID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range to {
		header.Recipients = append(header.Recipients, id)
	}
	return m.seal(from, header, size, m.openers(from, to))
}

// openers are the devices for which a direct envelope has stanzas (docs/PROTOCOL.md, section 5).
func (m *Mesh) openers(from *Device, to []wire.MemberID) (devices []wire.DeviceID) {
	members := append([]wire.MemberID{from.Member}, to...)
	slices.SortFunc(members, func(a, b wire.MemberID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(members) {
		devices = append(devices, m.Roster.DevicesOf(id)...)
	}
	devices = slices.DeleteFunc(devices, func(id wire.DeviceID) bool { return id == from.ID })
	slices.SortFunc(devices, func(a, b wire.DeviceID) int { return bytes.Compare(a[:], b[:]) })
	return devices
}

func (m *Mesh) seal(from *Device, header wire.Header, size int, devices []wire.DeviceID) []byte {
	commitment, nonce := [wire.CommitmentSize]byte(Random(wire.CommitmentSize)), [wire.NonceSize]byte(Random(wire.NonceSize))
	stanzas := make([]wire.Stanza, len(devices))
	for i, id := range devices {
		stanzas[i] = wire.Stanza{
			Device: id, Nonce: [wire.NonceSize]byte(Random(wire.NonceSize)), Box: [wire.StanzaBoxSize]byte(Random(wire.StanzaBoxSize)),
		}
	}
	return wire.AppendEnvelope(nil, wire.AppendHeader(nil, header), &commitment, &nonce, stanzas, Random(size))
}

// Topic makes an envelope of the device for a topic, under the device's next counter.
func (m *Mesh) Topic(from *Device, size int, topic wire.TopicID) []byte {
	from.Counter++
	header := wire.Header{Kind: wire.KindTopic, Priority: wire.PriorityNext, Epoch: m.Roster.Epoch(), Counter: from.Counter, Recipients: [][wire.IDSize]byte{topic}}
	nonce := [wire.NonceSize]byte(Random(wire.NonceSize))
	return wire.AppendEnvelope(nil, wire.AppendHeader(nil, header), nil, &nonce, nil, Random(size))
}

// Send sends an envelope behind a counter.
func (c *Client) Send(after uint64, envelope []byte) {
	c.t.Helper()
	c.outbox = append(slices.DeleteFunc(c.outbox, func(s wire.Send) bool { return s.After >= after }), wire.Send{After: after, Envelope: envelope})
	c.Write(wire.AppendSend(nil, wire.Send{After: after, Envelope: envelope}))
}

// Accepted reads an accepted frame of the counter. What the relay asks for again, as it may at any time (docs/PROTOCOL.md, section 7),
// is sent again.
func (c *Client) Accepted(counter uint64) wire.Accepted {
	c.t.Helper()
	frame := c.readAny(wire.FrameAccepted, wire.FrameResume)
	for ; frame.Type == wire.FrameResume; frame = c.readAny(wire.FrameAccepted, wire.FrameResume) {
		last, err := wire.ParseResume(frame.Payload)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, s := range c.outbox {
			if s.After >= last {
				c.Write(wire.AppendSend(nil, s))
			}
		}
	}
	a, err := wire.ParseAccepted(frame.Payload, nil)
	if err != nil || a.Counter != counter {
		c.t.Fatalf("accepted %+v (%v), want counter %d", a, err, counter)
	}
	c.outbox = slices.DeleteFunc(c.outbox, func(s wire.Send) bool { return s.After < counter })
	return a
}

// Delivery reads a deliver frame and its envelope.
func (c *Client) Delivery() (wire.Deliver, wire.Envelope) {
	c.t.Helper()
	d, err := wire.ParseDeliver(c.Read(wire.FrameDeliver))
	if err != nil {
		c.t.Fatal(err)
	}
	e, err := wire.ParseEnvelope(d.Envelope)
	if err != nil {
		c.t.Fatal(err)
	}
	return d, e
}
