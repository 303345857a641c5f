package simulation

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run this seed alone and print its story")
	seeds   = flag.Int("seeds", defaultSeeds, "how many seeds to run")
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
	var link peer.InviteView
	inviter.do(func(ref uint64) peer.Input { return peer.MakeInvite{Ref: ref} }, func(r peer.Result) {
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
	row, err := w.relay.store.Invite(w.context(), string(link.Code))
	if err != nil {
		w.fail("the invite: %v", err)
		return
	}
	if join == nil {
		w.relay.ask(mesh.Event{Kind: mesh.EventLookup, Invite: &row}, func(a *mesh.Answer) {
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
	w.relay.ask(mesh.Event{Kind: mesh.EventClaim, Claim: &mesh.Claim{Invite: &row, Recipient: p.device.Public.Box, Join: join}}, func(a *mesh.Answer) {
		switch {
		case p.core != nil:
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

// three is a world with three members at rest. plant puts a bug into it.
func three(seed uint64, plant func(*world)) *world {
	w := newWorld(seed)
	w.daemons = seed%5 == 0
	plant(w)
	w.verbose = seed == *oneSeed
	ada := w.found("Ada")
	if w.failed == nil {
		w.join(ada, "Bo")
	}
	if w.failed == nil {
		w.join(ada, "Cy")
	}
	return w
}

func nothing(*world) {}

// act lets a peer do something by chance, and then another, until the time is over.
func (w *world) act(until time.Time) {
	if w.now.After(until) || w.failed != nil {
		return
	}
	if p := w.peers[w.rand.IntN(len(w.peers))]; !p.ended && p.core != nil && p.core.Trusted() {
		w.something(p)
		if w.happens(8) {
			w.speaks(p)
		}
	}
	w.after(w.delay(400*time.Millisecond), func() { w.act(until) })
}

func (w *world) something(p *peerNode) {
	others := w.others(p)
	switch n := w.rand.IntN(100); {
	case n < 55:
		w.say(p, w.general())
	case n < 80:
		w.say(p, peer.DirectConversation(p.member, others[w.rand.IntN(len(others))]))
	case n < 86:
		w.say(p, peer.DirectConversation(p.member, others...))
	case n < 94:
		conversation := w.general()
		if w.rand.IntN(2) == 0 {
			conversation = peer.DirectConversation(p.member, others[w.rand.IntN(len(others))])
		}
		p.input(peer.MarkRead{Conversation: conversation})
	case n < 96:
		p.input(peer.Rename{Name: fmt.Sprintf("%s %d", p.name, w.rand.IntN(1000))})
	case n < 98:
		p.input(peer.MakeTopic{Name: fmt.Sprintf("topic-%d", w.rand.IntN(1000))})
	case n < 99:
		p.input(peer.MakeInvite{})
	default:
		w.speaks(p)
	}
}

func (w *world) others(p *peerNode) []wire.MemberID {
	var all []wire.MemberID
	for _, other := range w.peers {
		if other.member != p.member && !other.member.IsZero() && !slices.Contains(all, other.member) {
			all = append(all, other.member)
		}
	}
	return all
}

// say lets a peer send a text that nobody said before.
func (w *world) say(p *peerNode, in peer.ConversationID) {
	text := fmt.Sprintf("%s says %d", p.name, len(w.oracle.said)+1)
	w.oracle.say(p, text, in)
	w.note("%s says %q in %.14s…", p.name, text, in)
	p.input(peer.Send{Draft: peer.Draft{Conversation: in, Text: text}})
}

// chaos is the life of a world: three members talk while everything goes wrong, and then it heals.
func (w *world) chaos() {
	w.faults = rough
	w.act(w.now.Add(20 * time.Second))
	if w.seed%4 == 0 {
		w.after(14*time.Second, w.leaves)
	}
	if w.seed%3 == 0 {
		w.after(9*time.Second, w.grows)
	}
	w.run(w.now.Add(25 * time.Second))
	w.heal()
}

// leaves takes the last member out; who is left makes a new key and goes on.
func (w *world) leaves() {
	p := w.peer("Cy")
	w.note("%s leaves", p.name)
	p.leaving = true
	w.oracle.allowed[wire.CodeUnknownMember] = true // messages to it that were on their way
	p.input(peer.Depart{})
}

// grows brings one more device of the first member in, while the others are talking to it.
func (w *world) grows() {
	ada := w.peers[0]
	link, ok := w.inviteDevice(ada)
	if !ok {
		w.after(time.Second, w.grows)
		return
	}
	w.note("a device more of %s", ada.name)
	w.claim(w.newPeer("Pad"), link, ada.member, nil)
}

func (w *world) heal() {
	w.faults = faults{}
	for _, p := range w.peers {
		p.skew = 0
	}
	if w.failed != nil {
		return
	}
	// Connections that broke without a word are noticed by their silence, wishes that were refused rest a minute.
	w.run(w.now.Add(4 * time.Minute))
	w.settle(time.Minute, func() bool {
		for _, p := range w.peers {
			if !p.ended && (p.core == nil || !p.core.Settled() || p.core.Waiting() != 0) {
				return false
			}
		}
		return true
	})
	if w.failed == nil {
		w.oracle.quiet()
	}
}

// story is the end of what happened.
func (w *world) story(lines int) string {
	all := strings.Split(w.trace.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func TestSeeds(t *testing.T) {
	if *oneSeed != 0 {
		w := three(*oneSeed, nothing)
		w.chaos()
		t.Logf("%s\n%d steps", w.trace.String(), w.steps)
		if w.failed != nil {
			t.Fatal(w.failed)
		}
		return
	}
	steps, shown := 0, 0
	came := map[string]int{}
	for seed := uint64(1); seed <= uint64(*seeds); seed++ {
		w := three(seed, nothing)
		w.chaos()
		if w.failed != nil {
			t.Fatalf("seed %d: %v\nrun it again: go test ./shared/peer/simulation -run TestSeeds -seed %d\n%s", seed, w.failed, seed, w.story(40))
		}
		steps += w.steps
		for name, n := range w.came {
			came[name] += n
		}
		for _, witness := range w.oracle.nodes {
			shown += len(witness.shown)
		}
	}
	t.Logf("%d seeds, %d steps, %d messages shown, %v", *seeds, steps, shown, came)
	if shown < 20**seeds {
		t.Errorf("only %d messages were shown: the worlds do not do what they are for", shown)
	}
	for _, name := range []string{"resume", "refused stale_roster", "refused unknown_member", "reply stale_head", "delivered", "close"} {
		if came[name] == 0 {
			t.Errorf("no peer was ever sent %q: the worlds do not do what they are for", name)
		}
	}
}
