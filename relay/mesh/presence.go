package mesh

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// session is one that holds or held a lease: online while conn is set or another node holds its connection, away until its grace
// ends, then offline.
type session struct {
	row     SessionRow // with what the batch puts
	conn    *connection
	passed  time.Time // when conn got it from the one that it superseded; zero once conn spoke for it
	index   int       // in Core.leases
	changed bool

	claiming bool   // conn took it, which is not committed yet
	learned  uint64 // Core.arrivals when it was last learned of another node's act: those connections are older than that
}

type sessionKey struct {
	device  wire.DeviceID
	session wire.SessionID
}

func (s *session) key() sessionKey { return sessionKey{s.row.Device, s.row.Session} }

func (s *session) graceEnds(grace time.Duration) time.Time {
	return time.UnixMilli(int64(s.row.Since)).Add(grace)
}

// restoreSessions takes the rows of a store; what was online lost its connection with the relay, unless it is on another node
// that runs.
func (c *Core) restoreSessions(rows []SessionRow, nodes []NodeID, now time.Time) {
	for _, row := range rows {
		if view, ok := c.roster.Device(row.Device); !ok || view.Standing != roster.Present {
			continue
		}
		s := &session{row: row}
		c.keep(s)
		switch {
		case row.State == wire.StateOffline:
		case !c.shared():
			s.row.State, s.row.Since = wire.StateAway, milliseconds(now)
			c.due(now.Add(c.config.Grace))
		case row.State == wire.StateAway:
			c.due(s.graceEnds(c.config.Grace))
		case c.here(s) || !slices.Contains(nodes, row.Node):
			c.setState(now, s, wire.StateAway)
			c.due(now)
		}
	}
}

func (c *Core) keep(s *session) {
	s.index = len(c.leases)
	c.leases = append(c.leases, s)
	c.sessions[s.key()] = s
	m := c.member(s.row.Member)
	m.sessions = append(m.sessions, s)
	m.cards += len(s.row.Card)
	c.cards += len(s.row.Card)
}

// dropSession forgets a session, here and in the store.
func (c *Core) dropSession(s *session) {
	c.forgetSession(s)
	op := &DropSession{Device: s.row.Device, Session: s.row.Session}
	if !c.shared() {
		c.batch.add(op)
		return
	}
	op.Version = s.row.Version + 1
	c.whenDone(c.batch.add(op), func(now time.Time, verdict *Verdict) { c.sessionPut(now, s, verdict) })
}

func (c *Core) forgetSession(s *session) {
	last := c.leases[len(c.leases)-1]
	c.leases[s.index], last.index = last, s.index
	c.leases[len(c.leases)-1] = nil
	c.leases = c.leases[:len(c.leases)-1]
	delete(c.sessions, s.key())
	m := c.member(s.row.Member)
	m.sessions = slices.DeleteFunc(m.sessions, func(x *session) bool { return x == s })
	m.cards -= len(s.row.Card)
	c.cards -= len(s.row.Card)
}

// leaseOf is the lease of a connection's own session, or nil.
func (c *Core) leaseOf(conn *connection) *session {
	if conn.device == nil || conn.oneShot {
		return nil
	}
	if s := c.sessions[sessionKey{conn.device.id, conn.session}]; s != nil && s.conn == conn {
		return s
	}
	return nil
}

// takeLease brings a session online on a connection.
func (c *Core) takeLease(now time.Time, conn *connection, d *device, id wire.SessionID) error {
	s := c.sessions[sessionKey{d.id, id}]
	if s == nil {
		if err := c.makeRoom(now, d.member); err != nil {
			return err
		}
		s = &session{row: SessionRow{Member: d.member, Device: d.id, Session: id}}
		c.keep(s)
	}
	c.hold(s, conn)
	if passes := s.row.State == wire.StateOnline && c.here(s) && (s.row.Own || !c.shared()); !passes {
		s.row.Own = true
		c.take(now, s)
	}
	return nil
}

// makeRoom holds the bounds on sessions. A member at its bound loses its session that has been away the longest; the mesh at
// its bound takes no new one.
func (c *Core) makeRoom(now time.Time, id wire.MemberID) error {
	m := c.member(id)
	if len(m.sessions) >= c.config.MemberSessions {
		var oldest *session
		for _, s := range m.sessions {
			if s.row.State != wire.StateOnline && (oldest == nil || s.row.Since < oldest.row.Since) {
				oldest = s
			}
		}
		if oldest == nil {
			return wire.Errorf(wire.CodeRateLimited, "This member has as many sessions as the relay allows. Close one and try again.")
		}
		c.setState(now, oldest, wire.StateOffline)
		if len(m.sessions) >= c.config.MemberSessions {
			c.dropSession(oldest)
		}
	}
	if len(c.leases) >= c.config.Sessions {
		return wire.Errorf(wire.CodeRateLimited, "This mesh has as many sessions as the relay allows. Try again later.")
	}
	return nil
}

// setState moves a session and stores it. Of a member's offline sessions only the last stays.
func (c *Core) setState(now time.Time, s *session, state string) {
	if s.row.State == state {
		return
	}
	s.row.State, s.row.Since = state, milliseconds(now)
	c.store(s)
	switch state {
	case wire.StateAway:
		c.due(now.Add(c.config.Grace))
	case wire.StateOffline:
		c.onlyLastOffline(s)
	}
}

func (c *Core) onlyLastOffline(s *session) {
	for _, other := range slices.Clone(c.member(s.row.Member).sessions) {
		if other != s && other.row.State == wire.StateOffline {
			c.dropSession(other)
		}
	}
}

// endSession forgets a session whose device is out of the mesh, and tells the others that it is offline.
func (c *Core) endSession(now time.Time, s *session) {
	c.hold(s, nil)
	s.row.State, s.row.Since = wire.StateOffline, milliseconds(now)
	c.tell(s)
	c.forgetSession(s)
}

// store keeps a session's new state, and tells of it.
func (c *Core) store(s *session) {
	c.tell(s)
	c.put(s)
}

func (c *Core) put(s *session) {
	if !c.shared() {
		c.batch.add(&PutSession{Session: s.row})
		return
	}
	s.row.Node = c.config.Node
	s.row.Version++
	c.whenDone(c.batch.add(&PutSession{Session: s.row}), func(now time.Time, verdict *Verdict) { c.sessionPut(now, s, verdict) })
}

// tell puts a session among the changes of this batch.
func (c *Core) tell(s *session) {
	if !s.changed {
		s.changed = true
		c.changes = append(c.changes, s)
	}
}

// untell takes it out again.
func (c *Core) untell(s *session) {
	s.changed = false
	c.changes = slices.DeleteFunc(c.changes, func(x *session) bool { return x == s })
}

// tellAll sends a new connection every session. Whoever arrives in the same batch is sent the same frames: after a restart
// that is everybody, and the frames of one can be megabytes.
func (c *Core) tellAll(conn *connection) {
	if len(c.full) == 0 {
		for from, to := range c.presence(true, c.leases) {
			c.full = append(c.full, [2]int{from, to})
		}
	}
	for _, at := range c.full {
		c.out.send(conn, at[0], at[1])
	}
}

// tellPresence sends every connection what changed in this batch, once.
func (c *Core) tellPresence() {
	if len(c.changes) > 0 {
		for from, to := range c.presence(false, c.changes) {
			for _, conn := range c.welcomed {
				if !conn.fresh || c.nodes.overtaken {
					c.out.send(conn, from, to)
				}
			}
		}
		for _, s := range c.changes {
			s.changed = false
		}
		clear(c.changes)
		c.changes = c.changes[:0]
	}
	c.nodes.overtaken = false
	for _, conn := range c.arrived {
		conn.fresh = false
	}
	clear(c.arrived)
	c.arrived = c.arrived[:0]
}

// presence appends frames that tell of sessions, none above the bound of JSON, and yields where each lies in out.bytes. The
// first alone is full.
func (c *Core) presence(full bool, sessions []*session) func(yield func(from, to int) bool) {
	const (
		room    = wire.MaxJSON - 64
		rowSize = 512 // ids, times and field names of one, without its card
	)
	return func(yield func(from, to int) bool) {
		for first := true; first || len(sessions) > 0; first = false {
			p := wire.Presence{Full: full && first, Sessions: []wire.SessionState{}}
			size := 0
			for len(sessions) > 0 {
				row := &sessions[0].row
				size += rowSize + (len(row.Card)+2)/3*4
				if size > room && len(p.Sessions) > 0 {
					break
				}
				p.Sessions = append(p.Sessions, wire.SessionState{
					Member: row.Member, Device: row.Device, Session: row.Session, State: row.State, Since: int64(row.Since),
					Card: row.Card, CardVersion: row.CardVersion,
				})
				sessions = sessions[1:]
			}
			from := len(c.out.bytes)
			c.out.bytes = wire.AppendJSONFrame(c.out.bytes, wire.FramePresence, p)
			if !yield(from, len(c.out.bytes)) {
				return
			}
		}
	}
}
