package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// learn takes in what happened to the mesh, whichever node did it.
func (c *Core) learn(now time.Time, e *Elsewhere) {
	c.nodes.mark = e.Mark
	for _, code := range e.Codes {
		c.codes[code.Invite] = code.Code
	}
	if !c.learnRoster(now, e.Roster) {
		c.nodes.broken = true
		return
	}
	for i := range e.Heads {
		c.learnHead(&e.Heads[i])
	}
	for _, counter := range e.Counters {
		if c.knows(counter.Device) {
			c.learnCounter(counter)
		}
	}
	if len(e.Cursors) > 0 {
		c.whenDone(-1, func(now time.Time, _ *Verdict) { c.learnCursors(now, e.Cursors) })
	}
	for _, row := range e.Sessions {
		if view, ok := c.roster.Device(row.Device); ok && view.Standing == roster.Present {
			c.learnSession(now, row)
		}
	}
	for _, gone := range e.Gone {
		c.loseSession(now, gone)
	}
	c.loseNodes(now, e.Lost)
}

// knows reports whether a device stands in the roster. What is read after the roster may be of one that joined meanwhile, and is told
// again with its join.
func (c *Core) knows(id wire.DeviceID) bool {
	_, ok := c.roster.Device(id)
	return ok
}

// learnRoster folds statements that are new here and shows them; false: they do not follow, or do not fold.
func (c *Core) learnRoster(now time.Time, entries []Entry) bool {
	s := c.stream(wire.RosterStream(c.mesh))
	head := s.head
	for i := range entries {
		e := &entries[i]
		if e.Position <= head {
			continue
		}
		statement, err := c.foldEntry(e)
		if err != nil || e.Previous != head {
			return false
		}
		c.nodes.rejudge()
		head, c.head = e.Position, c.roster.Head()
		c.whenDone(-1, func(time.Time, *Verdict) { c.deliver(s, e) })
		for _, id := range leaving(statement) {
			if len(c.device(id).conns) > 0 {
				c.batch.add(&ForgetDevice{Device: id}) // its sessions may have been put here after the statement
			}
		}
		c.follow(now, statement, -1)
	}
	return true
}

// learnHead moves a stream on, and counts what is kept of it.
func (c *Core) learnHead(head *StreamHead) {
	if head.Stream.Kind == wire.StreamRoster {
		return // what is known of it is what was folded
	}
	s := c.stream(head.Stream)
	if before := s.head; head.Position > before {
		s.head = head.Position
		c.forgetRecent(s)
		if c.fallBehind(s, before) {
			c.whenDone(-1, func(time.Time, *Verdict) {
				if s.behind != nil && s.behind.tag == 0 {
					c.followUp(s)
				}
			})
		}
	}
	c.unwatchUpTo(s, head.Trimmed)
	c.stored -= min(s.stored.Bytes, c.stored)
	c.stored += head.Kept.Bytes
	s.stored, s.oldest = head.Kept, head.Oldest
	c.age(s)
	c.weigh(s)
}

// learnCounter takes the last counter of a device that sends over other nodes too. Where it sent over this one in the same batch, the
// verdict will tell.
func (c *Core) learnCounter(counter Counter) {
	d := c.device(counter.Device)
	if d.last != d.committed {
		c.nodes.acted = true // what it has stored is counted later
		return
	}
	d.last = max(d.last, counter.Last)
	d.committed = d.last
	m := c.member(d.member)
	m.stored -= min(d.stored, m.stored)
	m.stored += counter.Bytes
	d.stored = counter.Bytes
}

// learnCursors tells senders here what devices on other nodes have.
func (c *Core) learnCursors(now time.Time, rows []CursorRow) {
	for _, row := range rows {
		if !c.knows(row.Device) {
			continue
		}
		if d := c.device(row.Device); row.Stream == wire.InboxStream(d.member) {
			c.passed(now, d, row.Position)
		}
	}
}
