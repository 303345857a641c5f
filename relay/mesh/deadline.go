package mesh

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// sweepEvery is the least time between two looks at every connection and lease; no deadline here is finer.
const sweepEvery = time.Second

// due brings the deadline forward. It is a lower bound: what was put off since is found at the tick.
func (c *Core) due(at time.Time) {
	at = later(at, c.swept.Add(sweepEvery))
	if c.deadline.IsZero() || at.Before(c.deadline) {
		c.deadline = at
	}
}

// tick drops who did not answer and who fell silent, takes away what passed to a connection that does not speak for it, ends
// graces, drops what retention takes, and finds the next deadline.
func (c *Core) tick(now time.Time) {
	c.tickNodes(now)
	if c.deadline.IsZero() || now.Before(c.deadline) {
		return
	}
	c.deadline, c.swept = time.Time{}, now
	for _, conn := range slices.Clone(c.unheard) {
		if ends := conn.opened.Add(c.config.Handshake); now.Before(ends) {
			c.due(ends)
		} else {
			c.drop(now, conn, wire.Refuse(wire.CodeHandshakeTimeout))
		}
	}
	for _, conn := range slices.Clone(c.welcomed) {
		if ends := conn.heard.Add(c.config.Silence); now.Before(ends) {
			c.due(ends)
		} else {
			c.drop(now, conn, wire.Refuse(wire.CodeSilent))
		}
	}
	for _, s := range slices.Clone(c.leases) {
		if !s.passed.IsZero() {
			if ends := s.passed.Add(c.config.Handshake); now.Before(ends) {
				c.due(ends)
			} else {
				c.hold(s, nil)
				c.setState(now, s, wire.StateAway)
			}
			continue
		}
		if s.row.State != wire.StateAway {
			continue
		}
		if ends := s.graceEnds(c.config.Grace); now.Before(ends) {
			c.due(ends)
		} else {
			c.setState(now, s, wire.StateOffline)
		}
	}
	c.retain(now)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
