package roster

import (
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// Body is what a statement says: one of the twelve types of this package, as a pointer.
type Body interface {
	Kind() Kind
	append(b []byte) []byte
}

// Genesis founds the mesh: device record 65 ‖ commitment 32 ‖ bytes16(sealed mesh name).
type Genesis struct {
	Device     identity.Public
	Commitment [wire.CommitmentSize]byte
	Name       []byte
}

// Join brings a device: invite id 32 ‖ device record 65 ‖ member 32.
type Join struct {
	Invite wire.InviteID
	Device identity.Public
	Member wire.MemberID // zero: a new member
}

// Profile is the name and groups of the author's member: bytes16(sealed profile).
type Profile struct{ Sealed []byte }

// Topic makes a topic: flags u8 = 0 ‖ bytes16(sealed topic).
type Topic struct{ Sealed []byte }

// TopicChanged renames or archives a topic: topic id 32 ‖ flags u8 ‖ bytes16(sealed topic).
type TopicChanged struct {
	Topic    wire.TopicID
	Archived bool
	Sealed   []byte
}

// Role gives a member a role: member 32 ‖ role u8.
type Role struct {
	Member wire.MemberID
	Role   wire.Role
}

func (*Genesis) Kind() Kind       { return KindGenesis }
func (*Invite) Kind() Kind        { return KindInvite }
func (*InviteRetired) Kind() Kind { return KindInviteRetired }
func (*Join) Kind() Kind          { return KindJoin }
func (*Profile) Kind() Kind       { return KindProfile }
func (*Topic) Kind() Kind         { return KindTopic }
func (*TopicChanged) Kind() Kind  { return KindTopicChanged }
func (*Role) Kind() Kind          { return KindRole }
func (*DeviceRevoked) Kind() Kind { return KindDeviceRevoked }
func (*MemberRemoved) Kind() Kind { return KindMemberRemoved }
func (*Rotation) Kind() Kind      { return KindRotation }
func (*Leave) Kind() Kind         { return KindLeave }

func (g *Genesis) append(b []byte) []byte {
	b = append(b, g.Device.Record()...)
	b = append(b, g.Commitment[:]...)
	return wire.AppendBytes16(b, g.Name)
}

func (j *Join) append(b []byte) []byte {
	b = append(b, j.Invite[:]...)
	b = append(b, j.Device.Record()...)
	return append(b, j.Member[:]...)
}

func (p *Profile) append(b []byte) []byte { return wire.AppendBytes16(b, p.Sealed) }

func (t *Topic) append(b []byte) []byte { return wire.AppendBytes16(append(b, 0), t.Sealed) }

func (t *TopicChanged) append(b []byte) []byte {
	b = append(append(b, t.Topic[:]...), flag(t.Archived))
	return wire.AppendBytes16(b, t.Sealed)
}

func (r *Role) append(b []byte) []byte { return append(append(b, r.Member[:]...), byte(r.Role)) }

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// parseBody reads exactly one body of the kind.
func parseBody(kind Kind, b []byte) (Body, error) {
	r := wire.NewReader(b)
	var body Body
	var err error
	switch kind {
	case KindGenesis:
		body, err = readGenesis(&r)
	case KindInvite:
		body = readInvite(&r)
	case KindInviteRetired:
		body = readInviteRetired(&r)
	case KindJoin:
		body, err = readJoin(&r)
	case KindProfile:
		body = &Profile{Sealed: readSealed(&r)}
	case KindTopic:
		body = readTopic(&r)
	case KindTopicChanged:
		body = readTopicChanged(&r)
	case KindRole:
		body = readRole(&r)
	case KindDeviceRevoked:
		body = &DeviceRevoked{Last: readCounters(&r), Rotation: readRotation(&r)}
	case KindMemberRemoved:
		removed := new(MemberRemoved)
		r.Fill(removed.Member[:])
		removed.Last, removed.Rotation = readCounters(&r), readRotation(&r)
		body = removed
	case KindRotation:
		rotation := readRotation(&r)
		body = &rotation
	case KindLeave:
		body = &Leave{Last: readCounters(&r)}
	default:
		return nil, wire.Errorf(wire.CodeUnknownKind, "a statement of %s cannot be read here", kind)
	}
	if err != nil {
		return nil, err
	}
	return body, r.Done("the body of the statement " + kind.String())
}

// readSealed reads a sealed name: at least a nonce, a tag and the smallest padded text.
func readSealed(r *wire.Reader) []byte {
	sealed := r.Bytes16(wire.MaxSealedName)
	if len(sealed) < MinSealedName {
		r.Fail()
	}
	return sealed
}

// MinSealedName is the size in bytes of the smallest sealed field: a nonce, a tag and 64 bytes of padded JSON.
const MinSealedName = wire.NonceSize + wire.BoxOverhead + 64

// readDevice reads a device record; its keys may be refused (bad_key) where the reader has not failed.
func readDevice(r *wire.Reader) (identity.Public, error) {
	record := r.Take(identity.RecordSize)
	if record == nil {
		return identity.Public{}, nil
	}
	return identity.ParsePublic(record)
}

func readGenesis(r *wire.Reader) (Body, error) {
	device, err := readDevice(r)
	g := &Genesis{Device: device}
	r.Fill(g.Commitment[:])
	g.Name = readSealed(r)
	return g, err
}

func readJoin(r *wire.Reader) (Body, error) {
	j := new(Join)
	r.Fill(j.Invite[:])
	device, err := readDevice(r)
	j.Device = device
	r.Fill(j.Member[:])
	return j, err
}

func readTopic(r *wire.Reader) Body {
	if r.U8() != 0 {
		r.Fail()
	}
	return &Topic{Sealed: readSealed(r)}
}

func readTopicChanged(r *wire.Reader) Body {
	t := new(TopicChanged)
	r.Fill(t.Topic[:])
	flags := r.U8()
	if flags > 1 {
		r.Fail()
	}
	t.Archived = flags == 1
	t.Sealed = readSealed(r)
	return t
}

func readRole(r *wire.Reader) Body {
	role := new(Role)
	r.Fill(role.Member[:])
	role.Role = wire.Role(r.U8())
	if !role.Role.Valid() {
		r.Fail()
	}
	return role
}
