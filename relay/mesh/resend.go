package mesh

import (
	"bytes"
	"io"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// unsent answers a send that the store did not take: the device sent over another relay meanwhile, or the roster moved on (Stale).
// A send that was judged by an old roster is asked for again when the new one is known, with all that follow it.
func (c *Core) unsent(conn *connection, op *AppendEnvelope, verdict *Verdict) {
	d := conn.device
	if verdict.Outcome == Resume {
		d.last, d.committed = verdict.Last, verdict.Last
		if !conn.stalled || op.Counter <= verdict.Last {
			c.again(conn, op.Counter)
		}
		return
	}
	d.last = d.committed
	conn.skipped = true
	if !conn.stalled {
		c.stall(conn, func(time.Time) {})
	}
}

// outdated are the codes of refusals for which the roster of another node's peers may have been too new.
var outdated = map[wire.Code]bool{
	wire.CodeStaleRoster: true, wire.CodeStaleEpoch: true, wire.CodeUnknownMember: true, wire.CodeNotFound: true, wire.CodeForbidden: true,
}

// sendAgain judges a send once more when everything is known that is committed now: what its device knows it may know of another node.
// False: too much of its member waits already.
func (c *Core) sendAgain(conn *connection, payload []byte) bool {
	m := c.member(conn.device.member)
	if !m.hold(len(payload)) {
		return false
	}
	kept := bytes.Clone(payload)
	c.stall(conn, func(now time.Time) {
		m.drop(len(kept))
		if conn.ending {
			return
		}
		conn.rejudged = true
		if err := c.send(now, conn, kept); err != nil {
			c.complain(conn, err)
		}
		conn.rejudged = false
	})
	return true
}

// stall passes over what a connection sends until do is done, and then asks for that again.
func (c *Core) stall(conn *connection, do func(now time.Time)) {
	conn.stalled = true
	c.wait(func(now time.Time, _ io.Reader) {
		again := conn.skipped
		conn.stalled, conn.skipped = false, false
		do(now)
		if again && !conn.ending {
			c.resume(conn, conn.device.last)
		}
	})
}
