package mesh

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// stream is what the core keeps of a log: its head, who is live on it, and which sends wait to be told as delivered.
type stream struct {
	name   wire.Stream
	head   wire.Position // of what is committed
	live   []*tail
	behind *behind // nil: everyone who is live was shown all up to head

	// While tails are read, recent keeps what was appended meanwhile, so that they go live although the head moves on.
	catching int
	recent   []Entry
	kept     int // bytes in recent

	watched watchList // inboxes only
	// swept: none of watched was sent by a device that had left when departures was Core.departures.
	swept      bool
	departures uint64

	// What is committed and not yet trimmed. The roster has none of it.
	stored   Amount
	oldest   uint64 // when the first of it was written; 0: there is none
	ages     uint64 // its key in aging; 0: it is not there
	over     bool   // it is in surplus
	trimming bool   // a trim waits for its verdict
}

// maxRecent bounds recent of one stream, in bytes: what a store reads at once is of the same order. maxKept bounds that of the
// whole mesh. What falls out is read again.
const (
	maxRecent = 256 << 10
	maxKept   = 16 << 20
)

// stream gives the state of a stream that the mesh has.
func (c *Core) stream(name wire.Stream) *stream {
	s := c.streams[name]
	if s == nil {
		s = &stream{name: name}
		c.streams[name] = s
	}
	return s
}

// readNext has the store read for the tail that has waited the longest; one read a connection.
func (c *Core) readNext(conn *connection) {
	if conn.reading != nil || len(conn.waiting) == 0 {
		return
	}
	t := conn.waiting[0]
	conn.waiting = slices.Delete(conn.waiting, 0, 1)
	conn.reading = t
	conn.tag++
	t.stream.catching++
	c.out.list = append(c.out.list, Output{
		Kind: OutputRead, Conn: conn.id, Stream: t.stream.name, After: t.after, Tag: conn.tag, Device: conn.device.id,
	})
}

// readDone notes how far a read came; what follows from it depends on the head at the commit. What is below the head and
// cannot be read is a store in trouble: the peer comes back and tries again.
func (c *Core) readDone(now time.Time, conn *connection, tag uint64, last wire.Position, failed bool) {
	if conn == nil || conn.tag != tag || conn.reading == nil {
		return
	}
	if t := conn.reading; !t.ended && (failed || last <= t.after) {
		c.drop(now, conn, wire.Refuse(wire.CodeUnavailable))
		return
	}
	c.batch.effects = append(c.batch.effects, effect{kind: effectRead, conn: conn, op: -1, position: last})
}

func (c *Core) readOn(e *effect) {
	conn, t := e.conn, e.conn.reading
	if conn.ending {
		return
	}
	conn.reading = nil
	defer c.readNext(conn)
	if t.ended {
		return
	}
	defer c.caught(t.stream)
	t.after, t.asked = e.position, false
	if t.after < t.stream.head && t.stream.covers(t.after) {
		for i := range t.stream.recent {
			if entry := &t.stream.recent[i]; entry.Position > t.after {
				c.show(t, entry)
			}
		}
		t.after = t.stream.head
	}
	c.startTail(t)
}

// show sends one entry to one tail.
func (c *Core) show(t *tail, e *Entry) {
	from := len(c.out.bytes)
	b, err := appendEntry(c.out.bytes, t.stream.name, t.conn.device.id, e)
	if err != nil {
		return // the envelope was parsed when it was taken
	}
	c.out.bytes = b
	c.out.shown++
	c.out.send(t.conn, from, len(c.out.bytes))
}

// deliver moves a stream's head on and shows the entry to everyone who is live. What is the same for all is made once.
func (c *Core) deliver(s *stream, e *Entry) {
	if e.Previous != s.head || s.behind != nil {
		c.passOver(s, e)
		return
	}
	s.head = e.Position
	if s.catching > 0 {
		c.remember(s, e)
	}
	if s.name.Kind == wire.StreamInbox {
		for _, t := range s.live {
			c.show(t, e)
		}
		return
	}
	if len(s.live) == 0 {
		return
	}
	from := len(c.out.bytes)
	b, err := appendEntry(c.out.bytes, s.name, wire.DeviceID{}, e)
	if err != nil {
		return
	}
	c.out.bytes = b
	c.out.shown += len(s.live)
	for _, t := range s.live {
		c.out.send(t.conn, from, len(b))
	}
}

// remember keeps a copy of an entry for those whose read runs.
func (c *Core) remember(s *stream, e *Entry) {
	kept := *e
	kept.Bytes = slices.Clone(e.Bytes)
	s.recent = append(s.recent, kept)
	s.kept += len(kept.Bytes)
	c.kept += len(kept.Bytes)
	for s.kept > maxRecent || c.kept > maxKept && len(s.recent) > 0 {
		gone := len(s.recent[0].Bytes)
		s.kept -= gone
		c.kept -= gone
		s.recent = slices.Delete(s.recent, 0, 1)
	}
}

// covers reports whether recent holds everything behind a position.
func (s *stream) covers(after wire.Position) bool {
	return len(s.recent) > 0 && s.recent[0].Previous <= after && s.recent[len(s.recent)-1].Position == s.head
}

// caught ends one reading.
func (c *Core) caught(s *stream) {
	if s.catching--; s.catching == 0 {
		c.forgetRecent(s)
	}
}
