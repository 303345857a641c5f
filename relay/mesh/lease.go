package mesh

import (
	"io"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Which node holds a session is decided by the store: a change of a session's row is made only on the version that the core knows.
// The others learn of it, and so does a core whose change came too late.

// here reports whether a session that is online has its connection on this node.
func (c *Core) here(s *session) bool { return s.row.Node == c.config.Node }

// take brings a session online on the connection that holds it now, from wherever it was.
func (c *Core) take(now time.Time, s *session) {
	s.claiming = true
	if s.row.State == wire.StateOnline {
		c.put(s) // it passes without having been away, and nobody sees a difference
	} else {
		c.setState(now, s, wire.StateOnline)
	}
}

// sessionPut takes the verdict on a change of a session. Where another node changed it before, that is what counts, and it is judged
// again in the next batch what this one wants.
func (c *Core) sessionPut(now time.Time, s *session, verdict *Verdict) {
	if verdict.Outcome != Overtaken {
		s.claiming = false
		return
	}
	row := *verdict.Session
	if c.sessions[s.key()] != s { // it was dropped here
		c.nodes.next = append(c.nodes.next, func(now time.Time, _ io.Reader) {
			if row.State != "" {
				c.learnSession(now, row)
			}
		})
		return
	}
	mine := s.row
	c.setRow(now, s, row)
	c.nodes.overtaken = true
	if c.takesBack(s) {
		c.untell(s)
	}
	c.nodes.next = append(c.nodes.next, func(now time.Time, _ io.Reader) {
		if conn := s.conn; conn != nil && !c.takesBack(s) && c.leaseOf(conn) != s && !conn.ending {
			c.complain(conn, c.spokenElsewhere(s)) // what changed the session was a card
		}
		c.reconcile(now, s, mine)
	})
}

// takesBack reports whether a session has a connection here, and is to be brought online on it whatever another node did.
func (c *Core) takesBack(s *session) bool {
	online := s.row.State == wire.StateOnline
	return s.conn != nil && !(online && c.here(s)) && (!online || s.claiming)
}

// setRow replaces what is known of a session by what a store has of it.
func (c *Core) setRow(now time.Time, s *session, row SessionRow) {
	if row.State == "" { // dropped
		version := row.Version
		row = s.row
		row.State, row.Since, row.Version, row.Node = wire.StateOffline, milliseconds(now), version, 0
	}
	more := len(row.Card) - len(s.row.Card)
	c.member(s.row.Member).cards += more
	c.cards += more
	if seen := &s.row; row.State != seen.State || row.Since != seen.Since || row.CardVersion != seen.CardVersion {
		c.tell(s)
	}
	s.row = row
	s.learned = c.arrivals
	if s.conn == nil {
		s.passed = time.Time{}
	}
	if row.State == wire.StateAway {
		c.due(s.graceEnds(c.config.Grace))
	}
}

// learnSession takes the row of a session as another node, or this one, put it.
func (c *Core) learnSession(now time.Time, row SessionRow) {
	s := c.sessions[sessionKey{row.Device, row.Session}]
	if s == nil {
		s = &session{row: row}
		c.keep(s)
		c.tell(s)
		c.setRow(now, s, row)
		c.reconcile(now, s, row)
		return
	}
	if row.Version > s.row.Version {
		mine := s.row
		c.setRow(now, s, row)
		c.reconcile(now, s, mine)
	}
}

// loseSession takes it that a session was dropped.
func (c *Core) loseSession(now time.Time, gone GoneSession) {
	s := c.sessions[sessionKey{gone.Device, gone.Session}]
	if s == nil || gone.Version <= s.row.Version {
		return
	}
	mine := s.row
	c.setRow(now, s, SessionRow{Version: gone.Version})
	if s.conn != nil {
		c.reconcile(now, s, mine)
	} else {
		c.forgetSession(s)
	}
}

// reconcile has what this node knows of a session, by a row that another wrote, and the connection that it has for it agree: mine
// is the row as this node wanted it.
func (c *Core) reconcile(now time.Time, s *session, mine SessionRow) {
	if c.sessions[s.key()] != s {
		return
	}
	online := s.row.State == wire.StateOnline
	switch {
	case c.takesBack(s):
		if mine.CardVersion > s.row.CardVersion {
			more := len(mine.Card) - len(s.row.Card)
			c.member(s.row.Member).cards += more
			c.cards += more
			s.row.CardVersion, s.row.Card = mine.CardVersion, mine.Card
		}
		s.row.Own = c.leaseOf(s.conn) == s
		c.take(now, s)
		c.tell(s)
	case online && c.here(s):
		if s.conn == nil && s.passed.IsZero() {
			c.setState(now, s, wire.StateAway)
		}
	case s.conn != nil:
		c.supersede(now, s)
	case s.row.State == wire.StateOffline:
		c.onlyLastOffline(c.lastOffline(s))
	}
}

// supersede gives up the connection of a session that went to another node. What that spoke for beside it stays online for as long as
// the newer connection may take to speak for it, as in passSpoken.
func (c *Core) supersede(now time.Time, s *session) {
	conn := s.conn
	if c.leaseOf(conn) != s {
		c.hold(s, nil)
		return
	}
	for _, spoken := range conn.spoken {
		spoken.conn, spoken.passed = nil, now
		c.due(now.Add(c.config.Handshake))
	}
	conn.spoken = nil
	c.drop(now, conn, wire.Refuse(wire.CodeSuperseded))
}

// lastOffline is the one of a member's offline sessions that became so last: the same one on every node.
func (c *Core) lastOffline(s *session) *session {
	last := s
	for _, other := range c.member(s.row.Member).sessions {
		if other.row.State == wire.StateOffline && becameLater(other, last) {
			last = other
		}
	}
	return last
}

func becameLater(a, b *session) bool {
	if a.row.Since != b.row.Since {
		return a.row.Since > b.row.Since
	}
	return string(a.row.Session[:]) > string(b.row.Session[:])
}

// loseNodes takes it that nodes run no more: nobody holds what they held.
func (c *Core) loseNodes(now time.Time, lost []NodeID) {
	for _, node := range lost {
		for _, s := range c.leases {
			if s.row.State == wire.StateOnline && s.row.Node == node && node != c.config.Node {
				c.setState(now, s, wire.StateAway)
			}
		}
	}
}
