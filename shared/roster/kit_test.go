package roster_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha3"
	"io"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// start is the clock with which every world begins.
const start = 1_800_000_000_000

// failer is what tests and rapid's trials have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a mesh and the people around it: whoever is named exists, and its keys follow from its name.
type world struct {
	t       failer
	state   *roster.State
	now     uint64 // milliseconds
	devices map[string]*identity.Software
	names   map[[32]byte]string
	topics  map[string]wire.TopicID
}

func newWorld(t failer) *world {
	return &world{
		t: t, state: roster.New(), now: start,
		devices: map[string]*identity.Software{}, names: map[[32]byte]string{}, topics: map[string]wire.TopicID{},
	}
}

// seeded is endless bytes that follow from a label.
func seeded(label string) io.Reader {
	shake := sha3.NewSHAKE128()
	_, _ = shake.Write([]byte(label))
	return shake
}

func (w *world) device(name string) *identity.Software {
	if d, ok := w.devices[name]; ok {
		return d
	}
	d, err := identity.Generate(seeded("device " + name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.devices[name] = d
	w.names[d.Public().DeviceID()] = name
	return d
}

func (w *world) id(name string) wire.DeviceID { return w.device(name).Public().DeviceID() }

func (w *world) member(name string) wire.MemberID { return wire.MemberID(w.id(name)) }

func (w *world) inviteKey(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = io.ReadFull(seeded("invite "+name), seed)
	key := ed25519.NewKeyFromSeed(seed)
	w.names[[32]byte(w.inviteID(key))] = name
	return key
}

func (w *world) inviteID(key ed25519.PrivateKey) wire.InviteID {
	return wire.InviteID(key[ed25519.SeedSize:])
}

func (w *world) invite(name string) wire.InviteID { return w.inviteID(w.inviteKey(name)) }

// sealed stands for a sealed field; the fold does not open it.
func sealed(text string) []byte {
	b := make([]byte, roster.MinSealedName+len(text))
	copy(b[roster.MinSealedName:], text)
	return b
}

func sign(t failer, d *identity.Software, message []byte) []byte {
	signature, err := d.Sign(context.Background(), message)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// signed puts a draft's statement together. invite is the invite's name in a join and else empty.
func (w *world) signed(draft roster.Draft, by, invite string) []byte {
	unsigned := draft.Unsigned()
	signature := sign(w.t, w.device(by), roster.SigningBytes(unsigned))
	if draft.Body.Kind() != roster.KindJoin {
		return roster.Assemble(unsigned, signature)
	}
	return roster.Assemble(unsigned, signature, ed25519.Sign(w.inviteKey(invite), roster.JoinSigningBytes(unsigned)))
}

func (w *world) parse(raw []byte) *roster.Statement {
	w.t.Helper()
	stmt, err := roster.Parse(raw)
	if err != nil {
		w.t.Fatalf("a statement made by this package cannot be read: %v", err)
	}
	return stmt
}

// add appends a statement by a device, which must be accepted.
func (w *world) add(by, invite string, body roster.Body) *roster.Statement {
	w.t.Helper()
	stmt := w.parse(w.signed(w.state.Draft(w.id(by), w.now, body), by, invite))
	if err := w.state.Apply(stmt, time.Time{}); err != nil {
		w.t.Fatalf("%s by %s: %v", body.Kind(), by, err)
	}
	w.now++
	return stmt
}

func (w *world) genesis(by string) *roster.Genesis {
	return &roster.Genesis{Device: w.device(by).Public(), Commitment: commitment(by), Name: sealed("mesh")}
}

func commitment(label string) (c [32]byte) {
	_, _ = io.ReadFull(seeded("commitment "+label), c[:])
	return c
}

// newInvite is an invite's body, signed by the device.
func (w *world) newInvite(by, name string, role wire.Role, uses uint16, expires uint64, of wire.MemberID) *roster.Invite {
	body := &roster.Invite{ID: w.invite(name), For: of, Role: role, Uses: uses, Expires: expires, Escrow: commitment("escrow " + name), Preview: commitment("preview " + name)}
	copy(body.Signature[:], sign(w.t, w.device(by), roster.InviteSigningBytes(w.state.Canonical(body))))
	return body
}

func (w *world) newJoin(device, invite string, member wire.MemberID) *roster.Join {
	return &roster.Join{Invite: w.invite(invite), Device: w.device(device).Public(), Member: member}
}

// rotation wraps for every device that remains after those that go.
func (w *world) rotation(label string, gone ...wire.DeviceID) roster.Rotation {
	r := roster.Rotation{Commitment: commitment(label)}
	copy(r.Previous[:], "previous root under "+label)
	leaving := map[wire.DeviceID]bool{}
	for _, id := range gone {
		leaving[id] = true
	}
	for m := range w.state.Members() {
		for _, id := range m.Devices {
			if !leaving[id] {
				wrap := roster.Wrap{Device: id}
				copy(wrap.Box[:], "root of "+label)
				r.Wraps = append(r.Wraps, wrap)
			}
		}
	}
	return r
}

func last(counter uint64, ids ...wire.DeviceID) []roster.LastCounter {
	var list []roster.LastCounter
	for _, id := range ids {
		list = append(list, roster.LastCounter{Device: id, Counter: counter})
	}
	return list
}

// found founds the mesh and lets members join, each by an invite of the founder's.
func (w *world) found(founder string, others ...string) {
	w.add(founder, "", w.genesis(founder))
	for _, name := range others {
		w.add(founder, "", w.newInvite(founder, "for "+name, wire.RoleMember, 1, roster.MaxExpiry, wire.MemberID{}))
		w.add(name, "for "+name, w.newJoin(name, "for "+name, wire.MemberID{}))
	}
}

func wantCode(t failer, err error, want wire.Code) {
	t.Helper()
	if got := wire.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}
