package simulation

import (
	"time"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

var allRows driver.Range

// found makes the mesh of a world.
func (w *world) found(name string) *peerNode {
	p := w.newPeer(name)
	f, err := enroll.Found(w.context(), p.keys, w.entropy, "Lab", name, uint64(w.now.UnixMilli()))
	if err != nil {
		w.fail("founding: %v", err)
		return p
	}
	created, err := w.relay.create(f.Statements)
	if err != nil {
		w.fail("creating: %v", err)
		return p
	}
	p.member = wire.MemberID(p.device.Public.DeviceID())
	p.put(peer.Founded(origin, f, created.Position))
	p.start()
	w.rest(p)
	return p
}

// rest waits until a peer has nothing left to do.
func (w *world) rest(p *peerNode) {
	if !w.settle(time.Minute, func() bool { return p.core != nil && p.core.Settled() }) {
		w.fail("%s does not come to rest", p.name)
	}
}

// join brings one more member in by an invite.
func (w *world) join(inviter *peerNode, name string) *peerNode {
	return w.joinBy(inviter, peer.InviteOptions{}, name)
}

func (w *world) joinBy(inviter *peerNode, options peer.InviteOptions, name string) *peerNode {
	var link peer.InviteView
	inviter.do(func(ref uint64) peer.Input { return peer.MakeInvite{Ref: ref, Options: options} }, func(r peer.Result) {
		if r.Err != nil {
			w.fail("inviting: %v", r.Err)
			return
		}
		link = inviter.core.Invites()[0]
	})
	if !w.settle(time.Minute, func() bool { return link.Code != "" }) {
		w.fail("there is no invite")
		return nil
	}
	parsed, err := invite.ParseLink(link.Link)
	if err != nil {
		w.fail("the link %q: %v", link.Link, err)
		return nil
	}
	return w.enter(name, parsed, wire.MemberID{})
}

// enter joins by a link, as one more device of a member or (zero) as a new member, and waits for it.
func (w *world) enter(name string, link invite.Link, member wire.MemberID) *peerNode {
	p := w.newPeer(name)
	w.claim(p, link, member, nil)
	if !w.settle(time.Minute, func() bool { return p.core != nil }) {
		w.fail("%s did not get in", name)
		return p
	}
	w.rest(p)
	return p
}

// claim asks for the invite's answer until it comes, with the same bytes each time.
func (w *world) claim(p *peerNode, link invite.Link, member wire.MemberID, join []byte) {
	if p.core != nil || w.failed != nil {
		return
	}
	again := func() { w.claim(p, link, member, join) }
	w.after(time.Second, func() { again() })
	relay := w.anyRelay()
	row, err := relay.store.Invite(w.context(), string(link.Code))
	if err != nil {
		w.fail("the invite: %v", err)
		return
	}
	if join == nil {
		relay.ask(mesh.Event{Kind: mesh.EventLookup, Invite: &row}, func(a *mesh.Answer) {
			if a.Lookup == nil || join != nil || p.core != nil {
				return
			}
			join, err = enroll.SignJoin(w.context(), p.keys, link.Secret, a.Lookup.Mesh, a.Lookup.Head, member, uint64(w.now.UnixMilli()))
			if err != nil {
				w.fail("signing a join: %v", err)
			}
			again()
		})
		return
	}
	relay.ask(mesh.Event{Kind: mesh.EventClaim, Claim: &mesh.Claim{Invite: &row, Recipient: p.device.Public.Box, Join: join}}, func(a *mesh.Answer) {
		switch {
		case p.core != nil:
		case a.Err != nil && a.Err.Retry: // it is asked again
		case a.Claimed == nil:
			w.fail("the claim of %s: %v", p.name, a.Err)
		default:
			p.enrolled(link, a.Claimed, member.IsZero())
		}
	})
}

// enrolled makes the claim's answer of what the relay's core gave, as relay/api does, and starts the peer on it.
func (p *peerNode) enrolled(link invite.Link, claimed *mesh.Claimed, named bool) {
	name := ""
	if named {
		name = p.name
	}
	recipient := p.device.Public.Box
	sealed, err := box.SealAnonymous(nil, claimed.Escrow, &recipient, p.w.entropy)
	if err != nil {
		p.w.fail("sealing an escrow: %v", err)
		return
	}
	p.member = claimed.Member
	p.put(peer.Claimed(origin, name, peer.Enrollment{Secret: link.Secret.Text(), Answer: invite.ClaimAnswer{
		SealedRootKey: sealed, Mesh: claimed.Mesh, Member: claimed.Member, Device: claimed.Device, Owner: claimed.OwnerKey,
		Canonical: claimed.Canonical, Signature: claimed.Signature, Head: claimed.Head, Position: claimed.Position,
	}}))
	p.start()
}
