package wire_test

import (
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// What a relay does for every message costs no allocation: reading each hot frame, writing it to a buffer with room, and
// handing an envelope on.
func TestHotFramesDoNotAllocate(t *testing.T) {
	header := wire.AppendHeader(nil, wire.Header{Kind: wire.KindDirect, Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}, {2}}})
	stanzas := []wire.Stanza{{Device: wire.DeviceID{1}}, {Device: wire.DeviceID{2}}, {Device: wire.DeviceID{3}}}
	envelope := wire.AppendEnvelope(nil, header, new([wire.CommitmentSize]byte), new([wire.NonceSize]byte), stanzas, make([]byte, 500))
	stream := wire.InboxStream(wire.MemberID{1})
	buffer := make([]byte, 0, 4096)
	placed := make([]wire.Placed, 0, wire.MaxRecipients)

	check := func(name string, f func() error) {
		t.Run(name, func(t *testing.T) {
			if err := f(); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(100, func() { _ = f() }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	both := func(name string, frame []byte, parse func(payload []byte) error, write func() []byte) {
		check("parse "+name, func() error {
			f, _, err := wire.NextFrame(frame)
			if err != nil {
				return err
			}
			return parse(f.Payload)
		})
		check("append "+name, func() error {
			if len(write()) != len(frame) {
				return wire.Refuse(wire.CodeInternal)
			}
			return nil
		})
	}
	send := wire.Send{After: 1, Envelope: envelope}
	both("send", wire.AppendSend(nil, send),
		func(p []byte) error { _, err := wire.ParseSend(p); return err },
		func() []byte { return wire.AppendSend(buffer, send) })
	cursor := wire.Cursor{Stream: stream, Position: 5}
	both("cursor", wire.AppendCursor(nil, cursor),
		func(p []byte) error { _, err := wire.ParseCursor(p); return err },
		func() []byte { return wire.AppendCursor(buffer, cursor) })
	both("live", wire.AppendLive(nil, cursor),
		func(p []byte) error { _, err := wire.ParseCursor(p); return err },
		func() []byte { return wire.AppendLive(buffer, cursor) })
	deliver := wire.Deliver{Stream: stream, Position: 5, Previous: 4, Envelope: envelope}
	both("deliver", wire.AppendDeliver(nil, deliver),
		func(p []byte) error { _, err := wire.ParseDeliver(p); return err },
		func() []byte { return wire.AppendDeliver(buffer, deliver) })
	accepted := wire.Accepted{Counter: 1, Placed: []wire.Placed{{Position: 1}, {Position: 2}}}
	both("accepted", wire.AppendAccepted(nil, accepted),
		func(p []byte) error { _, err := wire.ParseAccepted(p, placed); return err },
		func() []byte { return wire.AppendAccepted(buffer, accepted) })
	delivered := wire.Delivered{Counter: 1}
	both("delivered", wire.AppendDelivered(nil, delivered),
		func(p []byte) error { _, err := wire.ParseDelivered(p); return err },
		func() []byte { return wire.AppendDelivered(buffer, delivered) })
	session := wire.SessionID{1}
	both("bye", wire.AppendBye(nil, session),
		func(p []byte) error { _, err := wire.ParseBye(p); return err },
		func() []byte { return wire.AppendBye(buffer, session) })

	check("parse envelope", func() error { _, err := wire.ParseEnvelope(envelope); return err })
	bad := append(envelope[:len(envelope):len(envelope)], 0)
	check("refuse envelope", func() error {
		if _, err := wire.ParseEnvelope(bad); err == nil {
			return wire.Refuse(wire.CodeInternal)
		}
		return nil
	})
	e, err := wire.ParseEnvelope(envelope)
	if err != nil {
		t.Fatal(err)
	}
	check("envelope for a device", func() error {
		if len(e.AppendForDevice(buffer, wire.DeviceID{2})) != len(envelope)-2*wire.StanzaSize {
			return wire.Refuse(wire.CodeInternal)
		}
		return nil
	})
	keep := func(d wire.DeviceID) bool { return d != wire.DeviceID{2} }
	check("envelope for a stream", func() error {
		if len(e.AppendFiltered(buffer, keep)) != len(envelope)-wire.StanzaSize {
			return wire.Refuse(wire.CodeInternal)
		}
		return nil
	})
}
