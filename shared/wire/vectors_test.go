package wire_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "wire", map[string]func(*vectors.Case) error{
		"hash": func(c *vectors.Case) error {
			hash := wire.HashOf(c.Text("purpose"), c.Bytes("data"))
			c.Want("hash", hash[:])
			return nil
		},
		"derive": func(c *vectors.Case) error {
			key := wire.Derive(c.Bytes("secret"), c.Text("purpose"), c.Bytes("data"))
			c.Want("key", key[:])
			return nil
		},
		"general-topic": func(c *vectors.Case) error {
			topic := wire.GeneralTopic(c.Key("mesh"))
			c.Want("topic", topic[:])
			return nil
		},
		"message-id": func(c *vectors.Case) error {
			id := wire.MessageIDOf(c.Key("mesh"), c.Key("device"), c.Number("counter"))
			c.Want("id", id[:])
			return nil
		},
		"hello-bytes": func(c *vectors.Case) error {
			hello := wire.Hello{Device: c.Key("device"), Session: c.ShortID("session"), OneShot: c.Number("one_shot") == 1, Origin: c.Text("origin")}
			c.Want("bytes", wire.HelloBytes(c.Bytes("nonce"), c.Key("mesh"), hello))
			return nil
		},
		"origin": func(c *vectors.Case) error {
			origin, err := wire.CanonicalOrigin(c.Text("address"))
			if err != nil {
				return err
			}
			c.WantText("origin", origin)
			again, err := wire.CanonicalOrigin(origin)
			c.WantText("origin", again)
			return err
		},
		"next-generation": func(c *vectors.Case) error {
			c.WantNumber("generation", uint64(wire.NextGeneration(uint32(c.Number("old")), time.Unix(int64(c.Number("unix")), 0))))
			return nil
		},
		"next-position": func(c *vectors.Case) error {
			c.WantNumber("next", uint64(wire.Next(wire.Position(c.Number("last")), uint32(c.Number("generation")))))
			return nil
		},
		"frame": func(c *vectors.Case) error {
			frame, rest, err := wire.NextFrame(c.Bytes("message"))
			if err != nil {
				return err
			}
			c.WantNumber("type", uint64(frame.Type))
			c.Want("payload", frame.Payload)
			c.Want("rest", rest)
			return nil
		},
		"envelope":  envelope,
		"filter":    filter,
		"json":      jsonFrame,
		"send":      send,
		"cursor":    cursor,
		"deliver":   deliver,
		"accepted":  accepted,
		"delivered": delivered,
		"statement": statement,
		"bye": func(c *vectors.Case) error {
			session, err := wire.ParseBye(c.Bytes("payload"))
			if err != nil {
				return err
			}
			c.Want("session", session[:])
			same(c, wire.AppendBye(nil, session))
			return nil
		},
		"resume": func(c *vectors.Case) error {
			last, err := wire.ParseResume(c.Bytes("payload"))
			if err != nil {
				return err
			}
			c.WantNumber("last", last)
			same(c, wire.AppendResume(nil, last))
			return nil
		},
	})
}

// same holds that what was parsed is written as it was read.
func same(c *vectors.Case, frame []byte) {
	c.Helper()
	c.Want("payload", frame[wire.FrameHeader:])
}

func envelope(c *vectors.Case) error {
	b := c.Bytes("envelope")
	e, err := wire.ParseEnvelope(b)
	if err != nil {
		return err
	}
	h := wire.Header{Kind: e.Kind, Priority: e.Priority, Epoch: e.Epoch, Counter: e.Counter, Expires: e.Expires}
	var recipients, devices []byte
	for i := range e.Recipients() {
		r := e.Recipient(i)
		h.Recipients = append(h.Recipients, r)
		recipients = append(recipients, r[:]...)
	}
	stanzas := make([]wire.Stanza, e.Stanzas())
	for i := range stanzas {
		s := &stanzas[i]
		s.Device = e.StanzaDevice(i)
		devices = append(devices, s.Device[:]...)
		nonce, box, ok := e.StanzaFor(s.Device)
		if !ok {
			c.Errorf("the stanza of %s is not found", s.Device)
		}
		copy(s.Nonce[:], nonce)
		copy(s.Box[:], box)
	}
	c.WantNumber("kind", uint64(e.Kind))
	c.WantNumber("priority", uint64(e.Priority))
	c.WantNumber("epoch", uint64(e.Epoch))
	c.WantNumber("counter", e.Counter)
	c.WantNumber("expires", e.Expires)
	c.Want("recipients", recipients)
	c.Want("header", e.Header)
	c.Want("commitment", e.Commitment)
	c.Want("nonce", e.Nonce)
	c.Want("devices", devices)
	c.Want("ciphertext", e.Ciphertext)

	var commitment *[wire.CommitmentSize]byte
	if e.Commitment != nil {
		commitment = (*[wire.CommitmentSize]byte)(e.Commitment)
	}
	c.Want("header", wire.AppendHeader(nil, h))
	c.Want("envelope", wire.AppendEnvelope(nil, e.Header, commitment, (*[wire.NonceSize]byte)(e.Nonce), stanzas, e.Ciphertext))
	return nil
}

func filter(c *vectors.Case) error {
	e, err := wire.ParseEnvelope(c.Bytes("envelope"))
	if err != nil {
		return err
	}
	device := wire.DeviceID(c.Key("device"))
	c.Want("filtered", e.AppendForDevice(nil, device))
	c.Want("filtered", e.AppendFiltered(nil, func(d wire.DeviceID) bool { return d == device }))
	return nil
}

// coldFrames are the frames that carry JSON, each with an empty value to read into.
var coldFrames = map[wire.FrameType]func() any{
	wire.FrameHello:     func() any { return new(wire.Hello) },
	wire.FrameTail:      func() any { return new(wire.Tail) },
	wire.FrameAppend:    func() any { return new(wire.Append) },
	wire.FrameCard:      func() any { return new(wire.SetCard) },
	wire.FrameTrack:     func() any { return new(wire.Track) },
	wire.FrameChallenge: func() any { return new(wire.Challenge) },
	wire.FrameWelcome:   func() any { return new(wire.Welcome) },
	wire.FrameRefused:   func() any { return new(wire.Refused) },
	wire.FrameGap:       func() any { return new(wire.Gap) },
	wire.FrameReply:     func() any { return new(wire.Reply) },
	wire.FramePresence:  func() any { return new(wire.Presence) },
	wire.FrameError:     func() any { return new(wire.Error) },
	wire.FrameClose:     func() any { return new(wire.Close) },
}

func jsonLimit(t wire.FrameType) int {
	if t == wire.FrameAppend {
		return wire.MaxAppendJSON
	}
	return wire.MaxJSON
}

func jsonFrame(c *vectors.Case) error {
	frameType := wire.FrameType(c.Number("type"))
	payload, value := c.Bytes("payload"), coldFrames[frameType]()
	if err := wire.DecodeJSON(payload, jsonLimit(frameType), value); err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, payload); err != nil {
		c.Error(err)
	}
	if written := wire.AppendJSONFrame(nil, frameType, value)[wire.FrameHeader:]; !bytes.Equal(written, compact.Bytes()) {
		c.Errorf("written again it is %s", written)
	}
	return nil
}

func send(c *vectors.Case) error {
	s, err := wire.ParseSend(c.Bytes("payload"))
	if err != nil {
		return err
	}
	c.WantNumber("after", s.After)
	c.Want("envelope", s.Envelope)
	same(c, wire.AppendSend(nil, s))
	return nil
}

func cursor(c *vectors.Case) error {
	cur, err := wire.ParseCursor(c.Bytes("payload"))
	if err != nil {
		return err
	}
	wantStream(c, cur.Stream)
	c.WantNumber("position", uint64(cur.Position))
	same(c, wire.AppendLive(nil, cur))
	same(c, wire.AppendCursor(nil, cur))
	return nil
}

func wantStream(c *vectors.Case, s wire.Stream) {
	c.WantNumber("kind", uint64(s.Kind))
	c.Want("id", s.ID[:])
}

func deliver(c *vectors.Case) error {
	d, err := wire.ParseDeliver(c.Bytes("payload"))
	if err != nil {
		return err
	}
	wantStream(c, d.Stream)
	c.WantNumber("position", uint64(d.Position))
	c.WantNumber("previous", uint64(d.Previous))
	c.WantNumber("time", d.Time)
	c.Want("sender", d.Sender[:])
	c.Want("envelope", d.Envelope)
	same(c, wire.AppendDeliver(nil, d))
	return nil
}

func accepted(c *vectors.Case) error {
	a, err := wire.ParseAccepted(c.Bytes("payload"), nil)
	if err != nil {
		return err
	}
	c.WantNumber("counter", a.Counter)
	c.WantNumber("time", a.Time)
	var recipients, positions []byte
	for _, p := range a.Placed {
		recipients = append(recipients, p.Recipient[:]...)
		positions = wire.AppendU64(positions, uint64(p.Position))
	}
	c.Want("recipients", recipients)
	c.Want("positions", positions)
	same(c, wire.AppendAccepted(nil, a))
	return nil
}

func delivered(c *vectors.Case) error {
	d, err := wire.ParseDelivered(c.Bytes("payload"))
	if err != nil {
		return err
	}
	c.WantNumber("counter", d.Counter)
	c.Want("member", d.Member[:])
	c.Want("device", d.Device[:])
	c.WantNumber("time", d.Time)
	same(c, wire.AppendDelivered(nil, d))
	return nil
}

func statement(c *vectors.Case) error {
	s, err := wire.ParseStatement(c.Bytes("payload"))
	if err != nil {
		return err
	}
	c.WantNumber("position", uint64(s.Position))
	c.WantNumber("previous", uint64(s.Previous))
	c.WantNumber("time", s.Time)
	c.Want("statement", s.Bytes)
	same(c, wire.AppendStatement(nil, s))
	return nil
}
