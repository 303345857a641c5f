package simulation

import (
	"fmt"
	"time"

	"claudemesh.com/mesh/relay/mesh"
)

// conn is one connection. Messages of one direction arrive in order, each at its own time; a connection that breaks loses
// what is on its way, and each end learns of it at its own time.
type conn struct {
	w      *world
	peer   *peerNode
	relay  *relayNode
	number uint64      // for the peer
	id     mesh.ConnID // for the relay
	cut    bool        // nothing arrives any more

	peerGone, relayGone bool // that end knows, or ended it
	toPeer, toRelay     time.Time
}

// connect opens a connection for a peer.
func (w *world) connect(p *peerNode) *conn {
	r := w.anyRelay()
	r.conns++
	c := &conn{w: w, peer: p, relay: r, number: p.conns, id: r.conns}
	r.opened(c)
	return c
}

// carry lets something arrive behind all that was sent before it in the same direction.
func (c *conn) carry(last *time.Time, arrive func()) {
	at := c.w.now.Add(c.w.delay(c.w.faults.slowest))
	if at.Before(*last) {
		at = *last
	}
	*last = at
	c.w.after(at.Sub(c.w.now), func() {
		if !c.cut {
			arrive()
		}
	})
	if c.w.happens(c.w.faults.drop) {
		c.w.note("the connection %d of %s breaks", c.id, c.peer.name)
		c.broken()
	}
}

// sendToRelay carries a WebSocket message.
func (c *conn) sendToRelay(message []byte) {
	c.w.countSent(message)
	c.w.detailed(func() string { return fmt.Sprintf("%s → relay (%d): %s", c.peer.name, c.id, c.w.describe(message)) })
	c.carry(&c.toRelay, func() { c.relay.received(c, message) })
}

func (c *conn) sendToPeer(message []byte) {
	c.w.detailed(func() string { return fmt.Sprintf("relay → %s (%d): %s", c.peer.name, c.id, c.w.describe(message)) })
	c.carry(&c.toPeer, func() { c.peer.heard(c, message) })
}

// broken loses what is on its way; both ends learn of it, some time.
func (c *conn) broken() {
	if c.cut {
		return
	}
	c.cut = true
	c.w.after(c.w.delay(2*c.w.faults.slowest), c.tellPeer)
	c.w.after(c.w.delay(20*c.w.faults.slowest), c.tellRelay)
}

// closedByPeer and closedByRelay end a connection in order: what was sent before still arrives.
func (c *conn) closedByPeer() {
	c.peerGone = true
	c.carry(&c.toRelay, c.tellRelay)
}

func (c *conn) closedByRelay() {
	c.relayGone = true
	c.carry(&c.toPeer, c.tellPeer)
}

func (c *conn) tellPeer() {
	if !c.peerGone {
		c.peerGone = true
		c.peer.lost(c)
	}
}

func (c *conn) tellRelay() {
	if !c.relayGone {
		c.relayGone = true
		c.relay.closed(c)
	}
}
