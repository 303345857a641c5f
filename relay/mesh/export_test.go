package mesh

import (
	"fmt"
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// Remains tells what a core holds beside its roster: for tests that look for what was left behind.
func (c *Core) Remains() string {
	live, tracked, kept, waiting, spoken := 0, 0, c.kept, 0, 0
	for _, s := range c.leases {
		if s.conn != nil {
			spoken++
		}
	}
	for _, s := range c.streams {
		live += len(s.live)
		tracked += s.watched.len()
		kept += len(s.recent) + s.catching
	}
	for _, d := range c.devices {
		waiting += len(d.conns)
	}
	if tracked != c.tracked {
		return fmt.Sprintf("%d sends are tracked and %d counted", tracked, c.tracked)
	}
	return fmt.Sprintf("%d connections, %d of devices, %d live, %d kept, %d sessions held", len(c.conns)+len(c.welcomed)+len(c.unheard), waiting, live, kept, spoken)
}

// Stored is how much the core counts: of each stream that holds anything, of the members, and of all together.
func (c *Core) Stored() (streams map[wire.Stream]Amount, members map[wire.MemberID]uint64, all uint64) {
	streams, members = make(map[wire.Stream]Amount), make(map[wire.MemberID]uint64)
	for name, s := range c.streams {
		if s.stored.Count > 0 {
			streams[name] = s.stored
		}
	}
	for id, m := range c.members {
		if m.stored > 0 {
			members[id] = m.stored
		}
	}
	return streams, members, c.stored
}

// Uncertain is what Sessions tells of one that another node changed and that this one is about to change back.
const Uncertain = "uncertain"

// Head is that of the roster, as far as it is committed.
func (c *Core) Head() wire.Head { return c.head }

// Waits reports whether something waits for the next batch.
func (c *Core) Waits() bool { return len(c.nodes.next)+len(c.nodes.queue) > 0 }

// Sessions are the sessions that the core keeps, by device and session, as presence tells of them.
func (c *Core) Sessions() map[string]string {
	all := make(map[string]string, len(c.leases))
	for _, s := range c.leases {
		if key := s.row.Device.String() + s.row.Session.String(); c.takesBack(s) {
			all[key] = Uncertain
			continue
		}
		all[s.row.Device.String()+s.row.Session.String()] = fmt.Sprintf("%s since %d with card %d", s.row.State, s.row.Since, s.row.CardVersion)
	}
	return all
}

// Unsound tells what contradicts itself in what the core keeps of sessions; "": nothing.
func (c *Core) Unsound() string {
	total := 0
	for id, m := range c.members {
		bytes, offline := 0, 0
		for _, s := range m.sessions {
			bytes += len(s.row.Card)
			if s.row.State == wire.StateOffline {
				offline++
			}
		}
		total += bytes
		if bytes != m.cards || !c.shared() && (offline > 1 || len(m.sessions) > c.config.MemberSessions) {
			return fmt.Sprintf("member %s: %d sessions of which %d are offline, %d bytes of cards, counted as %d", id, len(m.sessions), offline, bytes, m.cards)
		}
	}
	if total != c.cards || !c.shared() && len(c.leases) > c.config.Sessions || len(c.leases) != len(c.sessions) {
		return fmt.Sprintf("%d of %d sessions with %d bytes of cards, counted as %d", len(c.leases), len(c.sessions), total, c.cards)
	}
	held := 0
	for _, s := range c.leases {
		own := s.conn != nil && c.leaseOf(s.conn) == s
		switch {
		case (s.conn != nil) != (s.row.State == wire.StateOnline && c.here(s)) && len(c.nodes.next) == 0 && (s.passed.IsZero() || !c.shared()):
			return fmt.Sprintf("a session is %s, on a connection: %t", s.row.State, s.conn != nil)
		case s.conn == nil:
		case c.conns[s.conn.id] != s.conn:
			return "a session is held by a connection that is gone"
		case own == slices.Contains(s.conn.spoken, s):
			return fmt.Sprintf("a session that is its connection's own (%t) is among the spoken ones or not", own)
		case own && !s.passed.IsZero():
			return "a connection's own session waits to be spoken for"
		case !own:
			held++
		}
	}
	for _, conn := range c.conns {
		if held -= len(conn.spoken); len(conn.spoken) > wire.MaxSpoken {
			return fmt.Sprintf("a connection speaks for %d sessions", len(conn.spoken))
		}
	}
	if held != 0 {
		return fmt.Sprintf("connections speak for %d sessions fewer than say so", held)
	}
	return ""
}

// HideSenders makes whoever looks at the sends that wait in a member's inbox above a position panic, and gives how many sends
// wait there and how many free places the queue has in front of them.
func (c *Core) HideSenders(member wire.MemberID, above wire.Position) (waiting, free int) {
	list := &c.stream(wire.InboxStream(member)).watched
	for i, w := range list.items() {
		if w.position > above {
			list.items()[i].sender = nil
		}
	}
	return list.len(), list.first
}

// ShowSender undoes HideSenders for the first of them.
func (c *Core) ShowSender(member wire.MemberID, sender wire.DeviceID) {
	c.stream(wire.InboxStream(member)).watched.items()[0].sender = c.device(sender)
}

// Room is how many bytes of the last batches' arrays the core keeps.
func (c *Core) Room() int { return cap(c.batch.bytes) + cap(c.out.bytes) }
