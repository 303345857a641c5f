package simulation

import (
	"fmt"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// life is what a world is for. A seed decides.
type life struct {
	name string
	size int // members at the beginning
	// rolls: the relay's store is put back to a backup, in the middle of everything or when all are at rest.
	rolls rolling
	// keep is how many entries of each stream the relay is to keep; 0: all.
	keep uint64
	// nodes is how many relays share the store; 0: one, which does not share it.
	nodes int
}

type rolling uint8

const (
	never rolling = iota
	amid
	atRest
)

// lifeOf gives most seeds to three members, and some to crowds.
func lifeOf(seed uint64) life {
	switch {
	case seed%1000 == 150:
		return life{name: "crowd of 300", size: 300}
	case seed%100 == 50:
		return life{name: "crowd of 50", size: 50}
	}
	switch seed % 8 {
	case 1:
		return life{name: "rolled back at rest", size: 3, rolls: atRest}
	case 3:
		return life{name: "rolled back", size: 3, rolls: amid}
	case 5:
		return life{name: "retention", size: 3, keep: 12}
	case 7:
		return []life{
			{name: "two nodes", size: 3, nodes: 2}, {name: "three nodes", size: 3, nodes: 3},
			{name: "two nodes and retention", size: 3, nodes: 2, keep: 12},
		}[seed/8%3]
	}
	return life{name: "three", size: 3}
}

// born is a world with its members at rest. plant puts a bug into it, or another life.
func born(seed uint64, plant func(*world)) *world {
	w := newWorld(seed)
	w.life = lifeOf(seed)
	plant(w)
	w.daemons = seed%5 == 0 || w.life.size > 3
	w.relay.keep = w.life.keep
	if w.life.nodes > 0 {
		w.share(w.life.nodes)
	}
	w.verbose = seed == *oneSeed
	if w.life.size > 3 {
		w.gather(w.life.size)
		return w
	}
	ada := w.found("Ada")
	for _, name := range []string{"Bo", "Cy"} {
		if w.failed == nil {
			w.join(ada, name)
		}
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
	case w.life.rolls != never && n >= 90 && n < 94:
		p.input(peer.MakeInvite{})
	case n < 55:
		w.say(p, w.general())
	case n < 80:
		w.say(p, peer.DirectConversation(p.member, others[w.rand.IntN(len(others))]))
	case n < 86:
		w.say(p, peer.DirectConversation(p.member, others[:min(len(others), 8)]...))
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

// chaos is the life of a world: its members talk while everything goes wrong, and then it heals.
func (w *world) chaos() {
	var begun *backup
	if w.life.rolls == atRest {
		begun = w.relay.backUp()
	}
	w.talk(20 * time.Second)
	if w.seed%4 == 0 {
		w.after(14*time.Second, w.leaves)
	}
	if w.seed%3 == 0 {
		w.after(9*time.Second, w.grows)
	}
	if w.life.rolls == amid {
		w.after(w.delay(10*time.Second), func() {
			b := w.relay.backUp()
			w.after(5*time.Second+w.delay(8*time.Second), func() { w.rollBack(b) })
		})
	}
	if w.life.keep > 0 {
		w.after(time.Second, w.strays)
	}
	w.run(w.now.Add(25 * time.Second))
	w.heal()
	if w.life.rolls == atRest && w.failed == nil {
		w.rollBack(begun)
		w.talk(10 * time.Second)
		w.run(w.now.Add(15 * time.Second))
		w.heal()
	}
	for w.steps < *leastSteps && w.failed == nil {
		w.talk(20 * time.Second)
		w.run(w.now.Add(25 * time.Second))
		w.heal()
	}
}

// talk begins a time in which members do something and everything goes wrong.
func (w *world) talk(long time.Duration) {
	w.faults = rough.among(w.life.size)
	w.act(w.now.Add(long))
}

// leaves takes one member out; who is left makes a new key and goes on.
func (w *world) leaves() {
	p := w.peers[2]
	w.note("%s leaves", p.name)
	p.leaving = true
	w.oracle.allowed[wire.CodeUnknownMember] = true // messages to it that were on their way
	p.input(peer.Depart{})
}

// grows brings one more device of the first member in, while the others are talking to it.
func (w *world) grows() {
	ada := w.peers[0]
	if ada.ended {
		return
	}
	link, ok := w.inviteDevice(ada)
	if !ok {
		w.after(time.Second, w.grows)
		return
	}
	w.note("a device more of %s", ada.name)
	w.claim(w.newPeer("Pad"), link, ada.member, nil)
}

// strays takes somebody's line away for a while, again and again while things go wrong.
func (w *world) strays() {
	p := w.peers[w.rand.IntN(len(w.peers))]
	if p.core != nil && !p.ended && !p.away {
		w.note("%s is out of reach", p.name)
		p.away = true
		if p.link != nil {
			p.link.broken()
		}
		w.after(2*time.Second+w.delay(6*time.Second), func() {
			p.away = false
			p.redial(0)
		})
	}
	if w.faults != (faults{}) {
		w.after(w.delay(4*time.Second), w.strays)
	}
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
