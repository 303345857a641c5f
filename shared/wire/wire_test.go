package wire_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

func TestFramesFollowOneAnother(t *testing.T) {
	b := wire.AppendSend([]byte("before"), wire.Send{After: 1, Envelope: []byte("e")})
	b = wire.AppendLive(b, wire.Cursor{Stream: wire.RosterStream(wire.MeshID{1}), Position: 9})
	b = wire.AppendResume(b, 7)
	b = wire.AppendJSONFrame(b, wire.FrameBye, struct{}{})
	var types []wire.FrameType
	for rest := b[len("before"):]; len(rest) > 0; {
		f, next, err := wire.NextFrame(rest)
		if err != nil {
			t.Fatal(err)
		}
		types, rest = append(types, f.Type), next
	}
	if want := []wire.FrameType{wire.FrameSend, wire.FrameLive, wire.FrameResume, wire.FrameBye}; !bytes.Equal(asBytes(types), asBytes(want)) {
		t.Errorf("the frames are %v, not %v", types, want)
	}
}

func asBytes(types []wire.FrameType) []byte {
	b := make([]byte, len(types))
	for i, t := range types {
		b[i] = byte(t)
	}
	return b
}

// What is empty is written so that a reader of section 1 takes it: no null anywhere.
func TestEmptyFramesReadBack(t *testing.T) {
	for frameType, empty := range coldFrames {
		value := empty()
		switch v := value.(type) { // what may not be empty
		case *wire.Gap:
			v.Kind = wire.StreamInbox
		case *wire.Tail:
			v.Streams = []wire.TailItem{{Kind: wire.StreamInbox}}
		}
		payload := wire.AppendJSONFrame(nil, frameType, value)[wire.FrameHeader:]
		if err := wire.DecodeJSON(payload, wire.MaxJSON, empty()); err != nil {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestReader(t *testing.T) {
	r := wire.NewReader([]byte{1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 'a', 0, 0, 0, 2, 'b', 'c'})
	if r.U8() != 1 || r.U16() != 2 || r.U32() != 3 || r.U64() != 4 || string(r.Bytes16(1)) != "a" || string(r.Bytes32(2)) != "bc" {
		t.Error("what was read is not what stands there")
	}
	if err := r.Done("it"); err != nil {
		t.Error(err)
	}
	for name, read := range map[string]func(*wire.Reader){
		"u8":       func(r *wire.Reader) { r.Take(4); r.U8() },
		"u16":      func(r *wire.Reader) { r.Take(3); r.U16() },
		"u32":      func(r *wire.Reader) { r.Take(1); r.U32() },
		"u64":      func(r *wire.Reader) { r.U64() },
		"fill":     func(r *wire.Reader) { r.Fill(make([]byte, 5)) },
		"negative": func(r *wire.Reader) { r.Take(-1) },
		"16 over":  func(r *wire.Reader) { r.Bytes16(1) },
		"16 cut":   func(r *wire.Reader) { r.Bytes16(9) },
		"32 over":  func(r *wire.Reader) { r.Bytes32(9) },
		"fail":     func(r *wire.Reader) { r.Fail() },
		"left":     func(r *wire.Reader) { r.U16() },
	} {
		r := wire.NewReader([]byte{0, 4, 0, 0})
		read(&r)
		if err := r.Done("it"); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
		r.Fail()
		if r.U8() != 0 || r.Take(1) != nil {
			t.Errorf("%s: something was read after a failure", name)
		}
	}
}

func TestWordsReadBack(t *testing.T) {
	for role := wire.RoleGuest; role <= wire.RoleOwner; role++ {
		text, err := wire.EncodeJSON(role)
		if err != nil {
			t.Fatal(err)
		}
		var back wire.Role
		if err := wire.DecodeJSON(text, wire.MaxJSON, &back); err != nil || back != role || !role.Valid() {
			t.Errorf("%s reads back as %v (%v)", text, back, err)
		}
	}
	for _, text := range []string{`"none"`, `"Owner"`, `""`, `4`} {
		var role wire.Role
		if err := wire.DecodeJSON([]byte(text), wire.MaxJSON, &role); wire.CodeOf(err) != wire.CodeMalformed || role != wire.RoleNone {
			t.Errorf("%s reads as %v (%v)", text, role, err)
		}
	}
	if wire.RoleNone.Valid() || wire.Role(5).Valid() || wire.Role(5).String() != "role 5" {
		t.Error("there are four roles")
	}
	for priority := wire.PriorityLow; priority <= wire.PriorityNow; priority++ {
		if back, err := wire.ParsePriority(priority.String()); err != nil || back != priority {
			t.Errorf("%v reads back as %v (%v)", priority, back, err)
		}
	}
	if p, err := wire.ParsePriority(""); err != nil || p != wire.PriorityNext {
		t.Errorf("no priority reads as %v (%v)", p, err)
	}
	if _, err := wire.ParsePriority("Now"); wire.CodeOf(err) != wire.CodeMalformed {
		t.Errorf("Now: %v", err)
	}
	if wire.Priority(3).String() != "unknown" || wire.StreamKind(4).String() != "unknown" || wire.StreamKind(4).Valid() || wire.StreamKind(0).Valid() {
		t.Error("there are three priorities and three kinds of stream")
	}
}

func TestPositionsStayBelow2To53(t *testing.T) {
	last := wire.PositionOf(wire.MaxGeneration, 1<<28-1)
	if last != wire.MaxPosition || uint64(last) != 1<<53-1 {
		t.Errorf("the last position is %d", last)
	}
	if g := wire.NextGeneration(wire.MaxGeneration, time.Unix(math.MaxInt32, 0)); g != wire.MaxGeneration {
		t.Errorf("the generation after the last is %d", g)
	}
	if p := wire.PositionOf(7, 1<<28); p.Generation() != 8 {
		t.Errorf("a number that does not fit gives generation %d", p.Generation())
	}
}

func TestIDs(t *testing.T) {
	id := wire.MemberID{0xab, 31: 0xcd}
	text, err := id.MarshalText()
	if err != nil || string(text) != id.String() {
		t.Fatalf("%s, %v", text, err)
	}
	var back wire.MemberID
	if err := back.UnmarshalText(text); err != nil || back != id {
		t.Errorf("%s reads back as %s (%v)", text, back, err)
	}
	if id.IsZero() || !(wire.MemberID{}).IsZero() {
		t.Error("only zeros are no id")
	}
}
