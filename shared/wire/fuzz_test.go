//go:build !js

// A browser has no folder to read a corpus from.
package wire_test

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// seed adds a field of every vector with the operation.
func seed(f *testing.F, field string, operations ...string) {
	f.Helper()
	list, err := vectors.Load("wire")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, operation := range operations {
			if v.Do != operation {
				continue
			}
			for _, given := range v.Fields {
				if b, err := given.Bytes(); given.Name == field && err == nil && len(b) < 1<<14 {
					f.Add(b)
				}
			}
		}
	}
}

func FuzzNextFrame(f *testing.F) {
	seed(f, "message", "frame")
	f.Fuzz(func(t *testing.T, message []byte) {
		frame, rest, err := wire.NextFrame(message)
		if err != nil {
			refusal(t, err)
			return
		}
		if len(frame.Payload) > wire.MaxFrame {
			t.Errorf("a payload of %d bytes", len(frame.Payload))
		}
		if again := append(wire.AppendFrame(nil, frame.Type, frame.Payload), rest...); !bytes.Equal(again, message) {
			t.Error("frame and rest are not the message")
		}
	})
}

func FuzzParseEnvelope(f *testing.F) {
	seed(f, "envelope", "envelope")
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := wire.ParseEnvelope(b)
		if err != nil {
			refusal(t, err)
			return
		}
		if all := e.AppendFiltered(nil, func(wire.DeviceID) bool { return true }); !bytes.Equal(all, b) {
			t.Error("an envelope with all its stanzas is not what was read")
		}
		h := wire.Header{Kind: e.Kind, Priority: e.Priority, Epoch: e.Epoch, Counter: e.Counter, Expires: e.Expires}
		for i := range e.Recipients() {
			h.Recipients = append(h.Recipients, e.Recipient(i))
		}
		if !bytes.Equal(wire.AppendHeader(nil, h), e.Header) {
			t.Error("a header has two encodings")
		}
		for i := range e.Stanzas() {
			device := e.StanzaDevice(i)
			one := e.AppendForDevice(nil, device)
			handed, err := wire.ParseEnvelope(one)
			if err != nil || handed.Stanzas() != 1 || handed.StanzaDevice(0) != device {
				t.Errorf("what the device %s is handed: %d stanzas, %v", device, handed.Stanzas(), err)
			}
		}
	})
}

// FuzzHotFrames reads every hot frame from one payload: each gives back what it read, or refuses it.
func FuzzHotFrames(f *testing.F) {
	seed(f, "payload", "send", "cursor", "deliver", "accepted", "delivered", "statement", "resume", "bye")
	parsers := []func(payload []byte) ([]byte, error){
		func(p []byte) ([]byte, error) { v, err := wire.ParseSend(p); return wire.AppendSend(nil, v), err },
		func(p []byte) ([]byte, error) { v, err := wire.ParseCursor(p); return wire.AppendCursor(nil, v), err },
		func(p []byte) ([]byte, error) { v, err := wire.ParseDeliver(p); return wire.AppendDeliver(nil, v), err },
		func(p []byte) ([]byte, error) {
			v, err := wire.ParseAccepted(p, nil)
			return wire.AppendAccepted(nil, v), err
		},
		func(p []byte) ([]byte, error) {
			v, err := wire.ParseDelivered(p)
			return wire.AppendDelivered(nil, v), err
		},
		func(p []byte) ([]byte, error) {
			v, err := wire.ParseStatement(p)
			return wire.AppendStatement(nil, v), err
		},
		func(p []byte) ([]byte, error) { v, err := wire.ParseResume(p); return wire.AppendResume(nil, v), err },
		func(p []byte) ([]byte, error) { v, err := wire.ParseBye(p); return wire.AppendBye(nil, v), err },
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for i, parse := range parsers {
			written, err := parse(payload)
			if err != nil {
				refusal(t, err)
			} else if !bytes.Equal(written[wire.FrameHeader:], payload) {
				t.Errorf("parser %d read what it does not write", i)
			}
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	seed(f, "payload", "json")
	f.Fuzz(func(t *testing.T, payload []byte) {
		for frameType, empty := range coldFrames {
			value := empty()
			if err := wire.DecodeJSON(payload, jsonLimit(frameType), value); err != nil {
				refusal(t, err)
				continue
			}
			written := wire.AppendJSONFrame(nil, frameType, value)[wire.FrameHeader:]
			back := empty()
			if err := wire.DecodeJSON(written, jsonLimit(frameType)*2, back); err != nil {
				t.Errorf("%s was read, and written as %s, which is refused: %v", payload, written, err)
				continue
			}
			if again := wire.AppendJSONFrame(nil, frameType, back)[wire.FrameHeader:]; !bytes.Equal(again, written) {
				t.Errorf("%s is written as %s and then as %s", payload, written, again)
			}
		}
	})
}

func FuzzCanonicalOrigin(f *testing.F) {
	list, err := vectors.Load("wire")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		if v.Do == "origin" {
			b, err := v.Fields[0].Bytes()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	f.Fuzz(func(t *testing.T, address string) {
		origin, err := wire.CanonicalOrigin(address)
		if err != nil {
			refusal(t, err)
			return
		}
		if again, err := wire.CanonicalOrigin(origin); err != nil || again != origin {
			t.Errorf("%q gives %q, and that gives %q (%v)", address, origin, again, err)
		}
	})
}
