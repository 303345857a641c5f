package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// town is a mesh that is in the relay's database before the relay starts: over the wire it would take an hour to make as many
// topics and members.
type town struct {
	mesh    *protocoltest.Mesh
	writers []*protocoltest.Device // with keys; the first is the owner
	members []wire.MemberID        // all of them
	topics  []wire.TopicID         // #general is the first
	ops     []mesh.Op
	issued  wire.InviteID
}

// buildTowns puts meshes into the folder of a relay that does not run: each with so many members, of whom so many can write (in the first
// mesh: firstWriters), and so many topics. Statements are not signed, for a relay trusts what it stored.
func buildTowns(folder string, meshes, members, topics, writers, firstWriters int) (towns []*town, err error) {
	s, err := sqlite.Open(folder, time.Now())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for n := range meshes {
		able := writers
		if n == 0 {
			able = firstWriters
		}
		t, err := buildTown(s, members, topics, able)
		if err != nil {
			return nil, err
		}
		towns = append(towns, t)
	}
	return towns, nil
}

func buildTown(s store.Store, members, topics, writers int) (*town, error) {
	t := &town{mesh: &protocoltest.Mesh{Roster: roster.New()}}
	for range writers {
		keys, err := identity.Generate(rand.Reader)
		if err != nil {
			return nil, err
		}
		id := keys.Public().DeviceID()
		t.writers = append(t.writers, &protocoltest.Device{Keys: keys, ID: id, Member: wire.MemberID(id)})
	}
	owner := t.writers[0]
	t.mesh.Owner = owner
	genesis := &roster.Genesis{Device: owner.Keys.Public(), Name: protocoltest.Sealed()}
	fill(genesis.Commitment[:])
	if err := t.append(roster.Draft{Author: owner.ID, Time: protocoltest.Now(), Epoch: 1, Body: genesis}); err != nil {
		return nil, err
	}
	t.mesh.ID = t.mesh.Roster.Mesh()
	t.topics = append(t.topics, wire.GeneralTopic(t.mesh.ID))
	t.members = append(t.members, owner.Member)
	if err := t.invite(owner); err != nil {
		return nil, err
	}
	for n := 1; n < members; n++ {
		// Who never comes has the owner's key to sign with, and any key to seal to.
		public := owner.Keys.Public()
		fill(public.Box[:31])
		if n < writers {
			public = t.writers[n].Keys.Public()
		}
		if err := t.by(public.DeviceID(), &roster.Join{Invite: t.issued, Device: public}); err != nil {
			return nil, err
		}
		t.members = append(t.members, wire.MemberID(public.DeviceID()))
	}
	for n := 1; n < topics; n++ {
		if err := t.by(owner.ID, &roster.Topic{Sealed: protocoltest.Sealed()}); err != nil {
			return nil, err
		}
	}
	for topic := range t.mesh.Roster.Topics() {
		if topic.ID != t.topics[0] {
			t.topics = append(t.topics, topic.ID)
		}
	}
	verdicts, err := s.Commit(context.Background(), []mesh.Batch{{Mesh: t.mesh.ID, Ops: t.ops}})
	if err != nil {
		return nil, err
	}
	for _, v := range verdicts[0] {
		if v.Outcome != mesh.Done {
			return nil, errors.New("the store does not take the mesh")
		}
	}
	t.ops = nil
	return t, nil
}

// invite issues one that all members join by.
func (t *town) invite(owner *protocoltest.Device) error {
	code, err := invite.NewCode(rand.Reader)
	if err != nil {
		return err
	}
	fill(t.issued[:])
	body := &roster.Invite{ID: t.issued, Role: wire.RoleMember, Uses: wire.MaxInviteUses, Expires: protocoltest.NextHour()}
	if err := t.by(owner.ID, body); err != nil {
		return err
	}
	t.ops[len(t.ops)-1].(*mesh.AppendStatement).Invite = &mesh.NewInvite{ID: t.issued, Uses: wire.MaxInviteUses, Codes: []string{string(code)}}
	return nil
}

func (t *town) by(author wire.DeviceID, body roster.Body) error {
	return t.append(t.mesh.Roster.Draft(author, protocoltest.Now(), body))
}

// append folds a statement and makes its operation.
func (t *town) append(draft roster.Draft) error {
	signatures := [][]byte{make([]byte, identity.SignatureSize)}
	join, joins := draft.Body.(*roster.Join)
	if joins {
		signatures = append(signatures, signatures[0])
	}
	raw := roster.Assemble(draft.Unsigned(), signatures...)
	statement, err := roster.Parse(raw)
	if err != nil {
		return err
	}
	before := t.mesh.Roster.Head()
	if err := t.mesh.Roster.Replay(statement, time.Now()); err != nil {
		return err
	}
	if len(t.ops) == 0 {
		t.ops = append(t.ops, &mesh.CreateMesh{Head: t.mesh.Roster.Head(), Author: draft.Author, Statements: [][]byte{raw}, Time: draft.Time})
		return nil
	}
	op := &mesh.AppendStatement{After: before, Head: t.mesh.Roster.Head(), Author: draft.Author, Statement: raw, Time: draft.Time}
	if joins {
		op.Use = join.Invite
	}
	t.ops = append(t.ops, op)
	return nil
}
