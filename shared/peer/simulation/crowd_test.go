package simulation

import (
	"fmt"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// gather makes a mesh of many who are members since long: relay and peers have the roster in their stores when they start.
func (w *world) gather(members int) {
	ada := w.newPeer("Ada")
	f, err := enroll.Found(w.context(), ada.keys, w.entropy, "Lab", ada.name, uint64(w.now.UnixMilli()))
	if err != nil {
		w.fail("founding: %v", err)
		return
	}
	created, err := w.relay.create(f.Statements)
	if err != nil {
		w.fail("creating: %v", err)
		return
	}
	c := &crowd{w: w, f: f, last: created.Position}
	secret := c.invite(ada, members-1)
	for n := 2; n <= members && w.failed == nil; n++ {
		p := w.newPeer(fmt.Sprintf("M%d", n))
		join, err := enroll.SignJoin(w.context(), p.keys, secret, f.State.Mesh(), f.State.Head(), wire.MemberID{}, uint64(w.now.UnixMilli()))
		if err != nil {
			panic(err)
		}
		c.add(join, nil, secret.Key().ID())
		sealed, err := keyring.SealProfile(w.entropy, f.Root, 1, keyring.Profile{Name: p.name})
		if err != nil {
			panic(err)
		}
		c.sign(p, &roster.Profile{Sealed: sealed}, nil)
	}
	for _, relay := range w.relays {
		relay.boot()
	}
	for _, p := range w.peers {
		p.member = wire.MemberID(p.device.Public.DeviceID())
		p.put(peer.Founded(origin, f, c.last))
		p.start()
	}
	for _, p := range w.peers {
		w.rest(p)
	}
}

// crowd is a mesh that is being gathered.
type crowd struct {
	w    *world
	f    *enroll.Founded
	last wire.Position
}

func (c *crowd) invite(by *peerNode, uses int) invite.Secret {
	made, err := enroll.NewInvite(c.w.entropy, c.f.State, c.f.Root, enroll.InviteOptions{
		Role: wire.RoleMember, Uses: uses, Expires: uint64(c.w.now.Unix() + 3600),
	}, enroll.Preview{MeshName: "Lab", InviterName: by.name, Inviter: wire.MemberID(by.device.Public.DeviceID()), MemberCount: 1, Members: []enroll.PreviewMember{
		{ID: wire.MemberID(by.device.Public.DeviceID()), Name: by.name, Role: wire.RoleOwner},
	}})
	if err != nil {
		panic(err)
	}
	signature, err := by.keys.Sign(c.w.context(), made.SigningBytes)
	if err != nil {
		panic(err)
	}
	body, err := made.Body(signature)
	if err != nil {
		panic(err)
	}
	code, err := invite.NewCode(c.w.entropy)
	if err != nil {
		panic(err)
	}
	c.sign(by, body, &mesh.NewInvite{ID: body.ID, Uses: uses, Codes: []string{string(code)}, Escrow: made.Escrow, Preview: made.Preview})
	return made.Secret
}

func (c *crowd) sign(by *peerNode, body roster.Body, offered *mesh.NewInvite) {
	raw, err := enroll.Sign(c.w.context(), by.keys, c.f.State.Draft(by.device.Public.DeviceID(), uint64(c.w.now.UnixMilli()), body))
	if err != nil {
		panic(err)
	}
	c.add(raw, offered, wire.InviteID{})
}

// add puts a statement into the relay's store.
func (c *crowd) add(raw []byte, offered *mesh.NewInvite, use wire.InviteID) {
	after := c.f.State.Head()
	stmt, err := c.f.State.Follow(raw)
	if err != nil {
		c.w.fail("a statement does not fold: %v", err)
		return
	}
	verdicts, err := c.w.relay.commit(mesh.Batch{Mesh: c.w.relay.mesh, Ops: []mesh.Op{&mesh.AppendStatement{
		After: after, Head: c.f.State.Head(), Author: stmt.Author, Statement: raw, Time: uint64(c.w.now.UnixMilli()), Invite: offered, Use: use,
	}}})
	if err != nil || verdicts[0].Outcome != mesh.Done {
		c.w.fail("the relay does not take a statement: %v %v", verdicts, err)
		return
	}
	c.last = verdicts[0].Places[0].Position
	c.f.Statements = append(c.f.Statements, slices.Clone(raw))
}
