package simulation

import (
	"context"
	"errors"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
)

// disk is a store in memory: of one relay (memory.Store) or of a node among others (memory.Node).
type disk interface {
	store.Store
	SetFaults(memory.Faults)
	Backup() memory.Backup
}

// reopen is what a store holds after a crash.
func reopen(d disk, now time.Time) disk {
	if node, ok := d.(*memory.Node); ok {
		return node.Reopen(now)
	}
	return d.(*memory.Store).Reopen(now)
}

// share has several nodes instead of one relay.
func (w *world) share(nodes int) {
	first := memory.NewNode(w.now)
	w.relay.store = first
	for range nodes - 1 {
		other := newRelayNode(w)
		other.store, other.keep, other.plant = first.Beside(w.now), w.relay.keep, w.relay.plant
		w.relays = append(w.relays, other)
	}
}

// anyRelay is the node that a connection or a request comes to.
func (w *world) anyRelay() *relayNode {
	if len(w.relays) == 1 {
		return w.relay
	}
	return w.relays[w.rand.IntN(len(w.relays))]
}

func (r *relayNode) node() mesh.NodeID {
	if node, ok := r.store.(*memory.Node); ok {
		return node.Node()
	}
	return 0
}

// moved lets the other nodes know, some time, that the mesh may have changed. Of several changes they may hear once.
func (r *relayNode) moved() {
	for _, other := range r.w.relays {
		if other == r || other.stirred || other.core == nil {
			continue
		}
		other.stirred = true
		r.w.after(r.w.delay(2*r.w.faults.slowest), func() {
			other.stirred = false
			if !other.plant.unmoved {
				other.event(mesh.Event{Kind: mesh.EventMoved})
			}
		})
	}
}

// loseLease takes the node's lease now and then; it learns of it when it commits, or a little later.
func (r *relayNode) loseLease() {
	node, ok := r.store.(*memory.Node)
	if !ok || !r.w.happens(r.w.faults.lease) {
		return
	}
	r.w.note("a node loses its lease")
	node.Lose()
	r.moved()
	life := r.life
	r.w.after(r.w.delay(2*time.Second), func() {
		if r.life == life {
			r.rejoin()
		}
	})
}

// rejoin drops everything and makes the relay another node.
func (r *relayNode) rejoin() {
	if err := r.store.(*memory.Node).Join(context.Background()); err != nil {
		r.w.fail("the node does not join again: %v", err)
		return
	}
	r.reload("as another node")
}

func isLost(err error) bool { return errors.Is(err, store.ErrNodeLost) }

// elsewhere asks the store what other nodes did.
func (r *relayNode) elsewhere(since mesh.Mark) {
	life := r.life
	r.w.after(r.w.delay(r.w.faults.slowCommit), func() {
		if r.life != life {
			return
		}
		e, err := r.store.(store.Shared).Elsewhere(context.Background(), r.mesh, since)
		if err != nil {
			r.w.fail("the node does not learn what others did: %v", err)
			return
		}
		if r.plant.lonely {
			e.Sessions = nil
		}
		r.event(mesh.Event{Kind: mesh.EventElsewhere, Elsewhere: &e})
	})
}

// follow reads for those who are live what other nodes appended.
func (r *relayNode) follow(o mesh.Output) {
	life := r.life
	r.w.after(r.w.delay(r.w.faults.slowCommit), func() {
		if r.life != life {
			return
		}
		page, err := r.store.Read(context.Background(), r.mesh, o.Stream, o.After, pageBytes)
		if err != nil {
			r.w.fail("the relay does not read %v: %v", o.Stream, err)
			return
		}
		r.event(mesh.Event{Kind: mesh.EventFollowed, Tag: o.Tag, Followed: &mesh.Followed{Stream: o.Stream, Page: page}})
	})
}
