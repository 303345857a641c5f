package mesh

import (
	"io"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// A connection may speak for sessions of its device beside its own (docs/PROTOCOL.md, section 10). Each is a lease like any other,
// held by that connection.

// hold makes a session live on a connection and on no other; nil: on none.
func (c *Core) hold(s *session, conn *connection) {
	if s.conn != nil && s.conn != conn {
		s.conn.spoken = slices.DeleteFunc(s.conn.spoken, func(x *session) bool { return x == s })
	}
	s.conn, s.passed = conn, time.Time{}
}

// letGo takes a connection's sessions from it, its own last, and moves those that are online to a state.
func (c *Core) letGo(now time.Time, conn *connection, state string) {
	list := conn.spoken
	conn.spoken = nil
	if s := c.leaseOf(conn); s != nil {
		list = append(list, s)
	}
	for _, s := range list {
		c.hold(s, nil)
		if s.row.State == wire.StateOnline && c.here(s) {
			c.setState(now, s, state)
		}
	}
}

// passSpoken hands what a connection speaks for to the one that supersedes it, which has until Config.Handshake to speak for each.
func (c *Core) passSpoken(now time.Time, older, newer *connection) {
	newer.spoken, older.spoken = older.spoken, nil
	for _, s := range newer.spoken {
		s.conn = newer
		if s.passed.IsZero() {
			s.passed = now
		}
		c.due(s.passed.Add(c.config.Handshake))
	}
}

// spokenFor gives the session that a card of a connection is about, or nil where that is one that the card begins. The
// connection's own has its lease; what another connection holds passes to a newer one, unless it is that one's own.
func (c *Core) spokenFor(conn *connection, id wire.SessionID) (*session, error) {
	if id.IsZero() || id == conn.session {
		if s := c.leaseOf(conn); s != nil {
			return s, nil
		}
		return nil, wire.Errorf(wire.CodeUnsupported, "a one-shot connection has no session of its own that could have a card")
	}
	s := c.sessions[sessionKey{conn.device.id, id}]
	if s != nil && s.conn == conn {
		return s, nil
	}
	if s != nil && s.conn != nil {
		if c.leaseOf(s.conn) == s {
			return nil, errOwn
		}
		if s.conn.arrival > conn.arrival {
			return nil, errNewer
		}
	}
	if s != nil && s.row.State == wire.StateOnline && !c.here(s) {
		if s.row.Own || s.learned >= conn.arrival {
			return nil, c.spokenElsewhere(s)
		}
	}
	if len(conn.spoken) >= wire.MaxSpoken {
		return nil, wire.Errorf(wire.CodeRateLimited, "A connection speaks for at most %d sessions beside its own. End one and try again.", wire.MaxSpoken)
	}
	return s, nil
}

var (
	errOwn   = wire.Errorf(wire.CodeInUse, "This session is another connection's own.")
	errNewer = wire.Errorf(wire.CodeSuperseded, "A newer connection speaks for this session.")
)

// spokenElsewhere refuses a card for a session that is online on another node.
func (c *Core) spokenElsewhere(s *session) error {
	if s.row.Own {
		return errOwn
	}
	return errNewer
}

// inOrder does what a frame says of a session. Where the connection does not hold it, it must be known first who does on other
// nodes; what follows then waits too, so that frames keep their order. size is the frame's, in bytes.
func (c *Core) inOrder(now time.Time, conn *connection, id wire.SessionID, size int, do func(now time.Time) error) error {
	if c.shared() {
		s := c.sessions[sessionKey{conn.device.id, id}]
		if conn.cards > 0 || id != conn.session && (s == nil || s.conn != conn) {
			c.cardWaits(conn, size, do)
			return nil
		}
	}
	return do(now)
}

func (c *Core) cardWaits(conn *connection, size int, do func(now time.Time) error) {
	conn.cards++
	c.frameWaits(conn, size, func(now time.Time, _ io.Reader) {
		conn.cards--
		if err := do(now); err != nil {
			c.complain(conn, err)
		}
	})
}

// card takes a card.
func (c *Core) card(now time.Time, conn *connection, payload []byte) error {
	var set wire.SetCard
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &set); err != nil {
		return err
	}
	id := set.Session
	if id.IsZero() {
		id = conn.session
	}
	return c.inOrder(now, conn, id, len(payload), func(now time.Time) error { return c.setCard(now, conn, &set) })
}

// setCard begins a session for which a connection speaks, or replaces a session's card by one of a higher version. One that is
// refused changes nothing.
func (c *Core) setCard(now time.Time, conn *connection, set *wire.SetCard) error {
	if len(set.Card) > wire.MaxCard {
		return wire.Errorf(wire.CodeTooLarge, "a card holds at most %d bytes, this one %d", wire.MaxCard, len(set.Card))
	}
	if len(set.Card) == 0 || set.Version == 0 {
		return wire.Errorf(wire.CodeMalformed, "a card has a version of 1 or more and is not empty")
	}
	s, err := c.spokenFor(conn, set.Session)
	if err != nil {
		return err
	}
	begins := s == nil || s.conn != conn
	higher := s == nil || set.Version > s.row.CardVersion
	if !begins {
		s.passed = time.Time{}
		if !higher {
			return nil
		}
	}
	member := conn.device.member
	m := c.member(member)
	if !m.shows.take(c.config.Shows, now) {
		return wire.Refuse(wire.CodeRateLimited)
	}
	more := len(set.Card)
	if s != nil {
		more -= len(s.row.Card)
	}
	if higher && more > 0 && (m.cards+more > c.config.MemberCards || c.cards+more > c.config.Cards) {
		return wire.Errorf(wire.CodeTooLarge, "The cards of this member or mesh take as many bytes as the relay allows.")
	}
	if s == nil {
		if err := c.makeRoom(now, member); err != nil {
			return err
		}
		s = &session{row: SessionRow{Member: member, Device: conn.device.id, Session: set.Session}}
		c.keep(s)
	}
	if higher {
		m.cards += more
		c.cards += more
		s.row.CardVersion, s.row.Card = set.Version, set.Card
	}
	if begins {
		c.hold(s, conn)
		conn.spoken = append(conn.spoken, s)
	}
	if begins && (s.row.State != wire.StateOnline || !c.here(s)) {
		s.row.Own = false
		c.take(now, s)
		if higher {
			c.tell(s)
		}
	} else if higher {
		c.store(s)
	}
	return nil
}

// endSpoken ends a session at once: one for which the connection speaks, or one of its device for which nobody does.
func (c *Core) endSpoken(now time.Time, conn *connection, id wire.SessionID) error {
	s := c.sessions[sessionKey{conn.device.id, id}]
	elsewhere := s != nil && s.row.State == wire.StateOnline && !c.here(s)
	if s == nil || s.row.State == wire.StateOffline || s.conn != nil && !slices.Contains(conn.spoken, s) || elsewhere && (s.row.Own || s.learned >= conn.arrival) {
		return wire.Errorf(wire.CodeNotFound, "This connection speaks for no such session beside its own.")
	}
	c.hold(s, nil)
	c.setState(now, s, wire.StateOffline)
	return nil
}
