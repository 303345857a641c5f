package roster

import (
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// version opens every statement.
const version = 1

// headerSize is the size in bytes of a statement before its body's length.
const headerSize = 1 + 1 + 3*wire.IDSize + 8 + 4

// maxTime is the largest time of a statement: 2^53 − 1, which every language can hold.
const maxTime = wire.MaxJSONNumber

// Draft is a statement before it is signed.
type Draft struct {
	Mesh   wire.MeshID // zero in a genesis
	Prev   wire.Head   // the head on which it is written; zero in a genesis
	Author wire.DeviceID
	Time   uint64 // the author's clock, in milliseconds since 1970, below 2^53
	Epoch  uint32 // 1 or more
	Body   Body
}

// Unsigned is what the signatures cover, behind their domains:
//
//	version u8 ‖ kind u8 ‖ mesh 32 ‖ prev 32 ‖ author 32 ‖ time u64 ‖ epoch u32 ‖ bytes32(body)
//
// Lists that the protocol orders are put in order.
func (d Draft) Unsigned() []byte {
	b := append(make([]byte, 0, 512), version, byte(d.Body.Kind()))
	b = append(b, d.Mesh[:]...)
	b = append(b, d.Prev[:]...)
	b = append(b, d.Author[:]...)
	b = wire.AppendU64(b, d.Time)
	b = wire.AppendU32(b, d.Epoch)
	at := len(b)
	b = d.Body.append(wire.AppendU32(b, 0))
	wire.AppendU32(b[:at], uint32(len(b)-at-4))
	return b
}

// SigningBytes is what the author's device signs: D("statement") ‖ unsigned.
func SigningBytes(unsigned []byte) []byte { return identity.SigningBytes("statement", unsigned) }

// JoinSigningBytes is what the invite key signs of a join: D("join") ‖ unsigned.
func JoinSigningBytes(unsigned []byte) []byte { return identity.SigningBytes("join", unsigned) }

// Assemble puts the signatures behind the unsigned bytes: the author's, and for a join the invite key's after it.
func Assemble(unsigned []byte, signatures ...[]byte) []byte {
	b := append(make([]byte, 0, len(unsigned)+len(signatures)*identity.SignatureSize), unsigned...)
	for _, signature := range signatures {
		b = append(b, signature...)
	}
	return b
}

// Statement is a parsed statement. It aliases the bytes that it was parsed from; State copies what it keeps.
type Statement struct {
	Kind   Kind
	Mesh   wire.MeshID
	Prev   wire.Head
	Author wire.DeviceID
	Time   uint64 // milliseconds since 1970, by the author's clock
	Epoch  uint32
	Body   Body

	// Raw is the whole statement with its signatures: what a head covers and a store keeps.
	Raw []byte

	unsigned        []byte
	signature       []byte
	inviteSignature []byte // joins only
}

// Parse reads exactly one statement. It checks everything that needs no roster (sizes, order, the keys of a device record,
// that the author of a genesis or join is its device) but no signature. Its codes: malformed, unknown_kind, unsupported,
// too_large, bad_key.
func Parse(raw []byte) (*Statement, error) {
	if len(raw) > wire.MaxStatement {
		return nil, wire.Errorf(wire.CodeTooLarge, "a statement holds at most %d bytes, this one %d", wire.MaxStatement, len(raw))
	}
	r := wire.NewReader(raw)
	if v := r.U8(); v != version && !r.Failed() {
		return nil, wire.Errorf(wire.CodeUnsupported, "a statement of version %d cannot be read here", v)
	}
	s := &Statement{Kind: Kind(r.U8()), Raw: raw}
	r.Fill(s.Mesh[:])
	r.Fill(s.Prev[:])
	r.Fill(s.Author[:])
	s.Time, s.Epoch = r.U64(), r.U32()
	body := r.Bytes32(wire.MaxStatement)
	if !r.Failed() {
		s.unsigned = raw[:headerSize+4+len(body)]
	}
	s.signature = r.Take(identity.SignatureSize)
	if s.Kind == KindJoin {
		s.inviteSignature = r.Take(identity.SignatureSize)
	}
	if err := r.Done("a statement"); err != nil {
		return nil, err
	}
	if s.Epoch == 0 || s.Time > maxTime {
		return nil, wire.Errorf(wire.CodeMalformed, "a statement's epoch or time is out of range")
	}
	if (s.Kind == KindGenesis) != (s.Mesh.IsZero() && s.Prev.IsZero()) {
		return nil, wire.Errorf(wire.CodeMalformed, "a genesis, and it alone, names no mesh and no head")
	}
	var err error
	s.Body, err = parseBody(s.Kind, body)
	if err != nil {
		return nil, err
	}
	return s, s.checkDevice()
}

// checkDevice holds a genesis and a join to the device record inside: its device is the author.
func (s *Statement) checkDevice() error {
	var device identity.Public
	switch body := s.Body.(type) {
	case *Genesis:
		if s.Epoch != 1 {
			return wire.Errorf(wire.CodeMalformed, "a genesis begins epoch 1")
		}
		device = body.Device
	case *Join:
		device = body.Device
	default:
		return nil
	}
	if device.DeviceID() != s.Author {
		return wire.Errorf(wire.CodeMalformed, "the author of a %s is the device of its record", s.Kind)
	}
	return nil
}

// HeadAfter is the head that this statement makes of the previous one (zero before the genesis).
func (s *Statement) HeadAfter(previous wire.Head) wire.Head {
	return HeadAfter(previous, s.Raw)
}

// HeadAfter is the head that a statement, as bytes, makes of the previous one.
func HeadAfter(previous wire.Head, raw []byte) wire.Head {
	return wire.HashOf("head", previous[:], raw)
}

// MeshID is the mesh that a genesis makes, and for the other kinds the mesh that they name.
func (s *Statement) MeshID() wire.MeshID {
	if s.Kind == KindGenesis {
		return wire.HashOf("mesh-id", s.Raw)
	}
	return s.Mesh
}

// TopicID is the topic that a topic statement makes; zero for the other kinds.
func (s *Statement) TopicID() wire.TopicID {
	if s.Kind != KindTopic {
		return wire.TopicID{}
	}
	return wire.HashOf("topic-id", s.Raw)
}
