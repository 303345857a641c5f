package main

import (
	"context"
	"time"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// someTime is the clock of every story, in milliseconds since 1970.
const someTime = 1_800_000_000_000

// story is a roster as it grows.
type story struct {
	state *roster.State
	root  keyring.Root
	list  [][]byte
	now   uint64
}

// begin founds alice's mesh.
func begin() *story {
	f := must(enroll.Found(context.Background(), device("alice"), seeded("mesh"), "a mesh", "Alice", someTime))
	return &story{state: f.State, root: f.Root, list: f.Statements, now: someTime + 1000}
}

// town is a mesh of alice (owner), bob (admin, with a phone) and carol (member), and the open invite "link" with one use left.
func town() *story {
	s := begin()
	s.invites("alice", "link", enroll.InviteOptions{Role: wire.RoleMember, Uses: 3, Expires: someTime/1000 + 3600})
	s.joins("bob", "link", "")
	s.joins("carol", "link", "")
	s.says("alice", &roster.Role{Member: member("bob"), Role: wire.RoleAdmin})
	s.invites("bob", "phone", enroll.InviteOptions{Role: wire.RoleAdmin, Uses: 1, Expires: someTime/1000 + 3600, For: member("bob")})
	s.joins("bob-phone", "phone", "bob")
	return s
}

func deviceID(name string) wire.DeviceID { return device(name).Public().DeviceID() }

func member(name string) wire.MemberID { return wire.MemberID(deviceID(name)) }

// secret is an invite's secret that follows from a label.
func secret(label string) invite.Secret { return must(invite.NewSecret(seeded("invite %s", label))) }

// lands folds a statement, which must be accepted, and keeps it.
func (s *story) lands(raw []byte) []byte {
	must(s.state.Follow(raw))
	s.list = append(s.list, raw)
	s.now += 1000
	return raw
}

func (s *story) draft(by string, body roster.Body) roster.Draft {
	return s.state.Draft(deviceID(by), s.now, body)
}

func signed(by string, draft roster.Draft) []byte {
	return must(enroll.Sign(context.Background(), device(by), draft))
}

func (s *story) says(by string, body roster.Body) []byte {
	return s.lands(signed(by, s.draft(by, body)))
}

// invite is an invite's body as its inviter makes it, drawn from the label.
func (s *story) invite(by, label string, options enroll.InviteOptions) *roster.Invite {
	inviter := member(by)
	if !options.For.IsZero() {
		inviter = options.For
	}
	made := must(enroll.NewInvite(seeded("invite %s", label), s.state, s.root, options, somePreview(inviter)))
	return must(made.Body(sign(device(by), made.SigningBytes)))
}

func (s *story) invites(by, label string, options enroll.InviteOptions) {
	s.says(by, s.invite(by, label, options))
}

func (s *story) join(who, label string, of wire.MemberID, head wire.Head) []byte {
	return must(enroll.SignJoin(context.Background(), device(who), secret(label), s.state.Mesh(), head, of, s.now))
}

func (s *story) joins(who, label, of string) {
	var id wire.MemberID
	if of != "" {
		id = member(of)
	}
	s.lands(s.join(who, label, id, s.state.Head()))
}

func somePreview(inviter wire.MemberID) enroll.Preview {
	return enroll.Preview{
		MeshName: "a mesh", InviterName: "Alice", Inviter: inviter, MemberCount: 3,
		Members: []enroll.PreviewMember{{ID: inviter, Name: "Alice", Role: wire.RoleOwner}},
	}
}

// rotation wraps the new root key for every device but those that go, as its author does.
func (s *story) rotation(by string, gone ...string) roster.Rotation {
	epoch, root := s.state.Epoch()+1, keyring.Root(some("root of the next epoch"))
	r := roster.Rotation{Commitment: keyring.Commitment(root, epoch)}
	copy(r.Previous[:], must(keyring.WrapPrevious(seeded("previous"), root, epoch, s.root)))
	for _, id := range s.devices(gone...) {
		d, _ := s.state.Device(id)
		nonce, box, err := keyring.Wrap{Mesh: s.state.Mesh(), Author: deviceID(by), Device: id, Epoch: epoch}.Seal(
			seeded("wrap for %s", id), root, must(device(by).SharedKey(context.Background(), d.Public.Box)))
		must(box, err)
		wrap := roster.Wrap{Device: id, Nonce: nonce}
		copy(wrap.Box[:], box)
		r.Wraps = append(r.Wraps, wrap)
	}
	return r
}

// devices are those in the mesh but some.
func (s *story) devices(but ...string) (ids []wire.DeviceID) {
	leaving := map[wire.DeviceID]bool{}
	for _, name := range but {
		leaving[deviceID(name)] = true
	}
	for m := range s.state.Members() {
		for _, id := range m.Devices {
			if !leaving[id] {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func lastCounters(counter uint64, names ...string) (list []roster.LastCounter) {
	for _, name := range names {
		list = append(list, roster.LastCounter{Device: deviceID(name), Counter: counter})
	}
	return list
}

func (s *story) topic(by string) wire.TopicID {
	raw := s.says(by, &roster.Topic{Sealed: must(keyring.SealTopicName(seeded("topic"), s.root, s.state.Epoch(), keyring.TopicName{Name: "deploys", Description: "What goes out."}))})
	return must(roster.Parse(raw)).TopicID()
}

func (s *story) profile(by, name string) *roster.Profile {
	return &roster.Profile{Sealed: must(keyring.SealProfile(seeded("profile of %s", name), s.root, s.state.Epoch(), keyring.Profile{Name: name, Groups: []string{}}))}
}

// told is the roster so far: bytes32 of each statement.
func (s *story) told() (b []byte) {
	for _, raw := range s.list {
		b = wire.AppendBytes32(b, raw)
	}
	return b
}

// folds are the fields of a statement that is judged on this roster, and of what comes out where it is accepted.
func (s *story) folds(raw []byte, landed uint64) []vectors.Field {
	fields := []vectors.Field{in("roster", s.told()), in("statement", raw)}
	clock := time.Time{}
	if landed != 0 {
		fields = append(fields, inNumber("landed", landed))
		clock = time.UnixMilli(int64(landed))
	}
	stmt, err := roster.Parse(raw)
	if err != nil || s.state.Apply(stmt, clock) != nil {
		return fields
	}
	head := s.state.Head()
	var members, roles, devices []byte
	for m := range s.state.Members() {
		if m.Standing == roster.Present {
			members, roles = append(members, m.ID[:]...), append(roles, byte(m.Role))
			for _, id := range m.Devices {
				devices = append(devices, id[:]...)
			}
		}
	}
	return append(fields, out("head", head[:]), outNumber("epoch", uint64(s.state.Epoch())), out("members", members), out("roles", roles), out("devices", devices))
}
