package peer

import (
	"bytes"
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// maxQueued bounds what one stream holds, in bytes, while a delivery waits for a key or for the roster. What comes beyond is
// left on the relay and asked for again.
const maxQueued = 4 << 20

// stream is one log that this device reads: what was processed, and what came and waits.
type stream struct {
	name   wire.Stream
	cursor wire.Position // processed and stored
	last   wire.Position // received, or else the cursor
	queue  []item
	bytes  int

	tailed bool // asked for on this connection
	live   bool // at its head on this connection
	// behind: what comes is left out until it follows on last, because something is missing before it.
	behind bool
	// short: the queue was full; the stream is tailed again when it is empty.
	short  bool
	tries  int  // tails without getting any further
	waited bool // the first of the queue waited for the roster to be read to its head
	dirty  bool // the cursor moved since the last Take
	// untold: the relay may not know the cursor, because the frame that told it was lost with its connection.
	untold bool
}

// item is what came on a stream, in order.
type item struct {
	kind     wire.FrameType // deliver, statement, live or gap
	position wire.Position
	time     uint64
	sender   wire.DeviceID
	bytes    []byte
}

// size is what an item costs while it waits, in bytes.
func (it *item) size() int { return 128 + len(it.bytes) }

// streams are all logs that this device reads, and the highest counters that it saw in them.
type streams struct {
	byName map[wire.Stream]*stream
	order  []*stream // as first tailed: what Take and pump do must not depend on a map's order
	stored map[wire.Stream]wire.Position
	seen   map[seenKey]uint64
	marked []seenKey // seen moved since the last Take
	// refreshing: the roster is being read to its head again because something named what it does not hold.
	refreshing bool
}

type seenKey struct {
	stream wire.Stream
	device wire.DeviceID
}

func newStreams() streams {
	return streams{byName: map[wire.Stream]*stream{}, stored: map[wire.Stream]wire.Position{}, seen: map[seenKey]uint64{}}
}

func (s *streams) get(name wire.Stream) *stream {
	st := s.byName[name]
	if st == nil {
		st = &stream{name: name, cursor: s.stored[name], last: s.stored[name]}
		s.byName[name] = st
		s.order = append(s.order, st)
	}
	return st
}

func (s *streams) roster(c *Core) *stream { return s.get(wire.RosterStream(c.self.Mesh)) }

// disconnected forgets what came and was not processed: it is asked for again.
func (s *streams) disconnected() {
	s.refreshing = false
	for _, st := range s.order {
		*st = stream{name: st.name, cursor: st.cursor, last: st.cursor, dirty: st.dirty}
	}
}

// live reports whether everything that is tailed was read to its head and processed.
func (s *streams) live() bool {
	for _, st := range s.order {
		if st.tailed && !st.live {
			return false
		}
	}
	return true
}

// tail asks for streams from behind their cursors; what was queued of them is forgotten.
func (c *Core) tail(streams ...*stream) {
	for len(streams) > 0 {
		n := min(len(streams), wire.MaxTail)
		items := make([]wire.TailItem, n)
		for i, st := range streams[:n] {
			*st = stream{
				name: st.name, cursor: st.cursor, last: st.cursor, dirty: st.dirty, untold: st.cursor != 0,
				tailed: true, behind: st.tailed, tries: st.tries, waited: st.waited,
			}
			items[i] = wire.NewTailItem(st.name, st.cursor)
		}
		c.send(wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: items}))
		streams = streams[n:]
	}
}

// hearStream queues what came on a stream, or sees that something before it is missing.
func (c *Core) hearStream(f wire.Frame) error {
	name, previous, it, err := parseItem(f, c.self.Mesh)
	if err != nil {
		return err
	}
	st := c.streams.byName[name]
	if st == nil || !st.tailed {
		return wire.Errorf(wire.CodeMalformed, "the relay sent a stream that was not asked for")
	}
	switch {
	case st.short:
		return nil
	case it.kind == wire.FrameLive:
		if it.position > st.last {
			return c.tailAgain(st)
		}
	case it.position <= st.last:
		return nil // seen; it was on its way when the stream was tailed again
	case previous > st.last:
		if st.behind {
			return nil
		}
		return c.tailAgain(st)
	case previous < st.last && it.kind == wire.FrameStatement:
		c.review(st)
		return nil
	case previous < st.last && it.kind == wire.FrameDeliver:
		// The relay was put back to an older state. What it lost there nobody can tell.
		st.queue, st.bytes = append(st.queue, item{kind: wire.FrameGap, position: st.last}), st.bytes+(&item{}).size()
	}
	if st.bytes+it.size() > maxQueued && len(st.queue) > 0 {
		st.short = true
		return nil
	}
	st.behind = false
	if it.kind != wire.FrameLive {
		st.last = it.position
	}
	it.bytes = bytes.Clone(it.bytes)
	st.queue, st.bytes = append(st.queue, it), st.bytes+it.size()
	return nil
}

// tailAgain asks for what is missing. A relay that does not have it after some tries is not to be waited for.
func (c *Core) tailAgain(st *stream) error {
	st.tries++
	if st.tries > 3 {
		return wire.Errorf(wire.CodeUnavailable, "The relay left out a part of a stream and does not give it.")
	}
	c.tail(st)
	return nil
}

func parseItem(f wire.Frame, mesh wire.MeshID) (name wire.Stream, previous wire.Position, it item, err error) {
	it.kind = f.Type
	switch f.Type {
	case wire.FrameDeliver:
		var d wire.Deliver
		d, err = wire.ParseDeliver(f.Payload)
		name, previous = d.Stream, d.Previous
		it.position, it.time, it.sender, it.bytes = d.Position, d.Time, d.Sender, d.Envelope
		if name.Kind == wire.StreamRoster {
			err = wire.Errorf(wire.CodeMalformed, "the relay delivered an envelope on the roster")
		}
	case wire.FrameStatement:
		var s wire.Statement
		s, err = wire.ParseStatement(f.Payload)
		name, previous = wire.RosterStream(mesh), s.Previous
		it.position, it.time, it.bytes = s.Position, s.Time, s.Bytes
	case wire.FrameLive:
		var l wire.Cursor
		l, err = wire.ParseCursor(f.Payload)
		name, it.position = l.Stream, l.Position
	case wire.FrameGap:
		var g wire.Gap
		err = wire.DecodeJSON(f.Payload, wire.MaxJSON, &g)
		name, previous, it.position = wire.Stream{Kind: g.Kind, ID: g.ID}, g.After, g.To
		if g.To > wire.MaxPosition {
			err = wire.Errorf(wire.CodeMalformed, "the relay named a position that is none")
		}
	}
	return name, previous, it, err
}

// verdict is what became of the first item of a queue.
type verdict uint8

const (
	taken      verdict = iota // processed, or dropped for good
	waitKey                   // a key operation is under way
	waitRoster                // the roster must be read to its head first
)

// pumpStreams processes what can be.
func (c *Core) pumpStreams() {
	if c.link.phase != phaseLive || c.enrollment != nil {
		return
	}
	c.tailNew()
	for i := 0; i < len(c.streams.order); i++ { // a message can make a stream
		if st := c.streams.order[i]; st.name.Kind != wire.StreamRoster {
			c.pumpStream(st)
		}
	}
}

func (c *Core) pumpStream(st *stream) {
	for len(st.queue) > 0 && c.link.phase == phaseLive {
		it := st.queue[0]
		switch c.takeItem(st, it) {
		case waitKey:
			return
		case waitRoster:
			if !st.waited {
				st.waited = true
				c.refreshRoster()
			}
			return
		}
		st.waited = false
		st.queue, st.bytes = st.queue[1:], st.bytes-it.size()
		if it.kind == wire.FrameLive {
			st.live, st.tries = true, 0
			c.changed = true
			continue
		}
		st.cursor, st.dirty, st.tries = it.position, true, 0
	}
	if st.short && len(st.queue) == 0 {
		st.short = false
		c.tail(st)
	}
}

func (c *Core) takeItem(st *stream, it item) verdict {
	switch it.kind {
	case wire.FrameDeliver:
		return c.takeDelivery(st, it)
	case wire.FrameGap:
		c.takeGap(st)
	}
	return taken
}

// refreshRoster reads the roster to its head once more. Whoever waits for it looks again when that is done, and then
// decides.
func (c *Core) refreshRoster() {
	if !c.streams.refreshing {
		c.streams.refreshing = true
		c.tail(c.streams.roster(c))
	}
}

// tailNew tails the own inbox and every topic that may be read and is not tailed yet.
func (c *Core) tailNew() {
	self, ok := c.roster.Member(c.member)
	if !ok {
		return
	}
	var fresh []*stream
	add := func(name wire.Stream) {
		if st := c.streams.get(name); !st.tailed {
			fresh = append(fresh, st)
		}
	}
	add(wire.InboxStream(c.member))
	if self.Role > wire.RoleGuest {
		for topic := range c.roster.Topics() {
			add(wire.TopicStream(topic.ID))
		}
	}
	c.tail(fresh...)
}

// saveStreams stores cursors and counters that moved, and tells the relay; the frames leave after the commit.
func (c *Core) saveStreams() {
	for _, key := range c.streams.marked {
		row := append(wire.AppendStream(nil, key.stream), key.device[:]...)
		c.put(BucketSeen, row, u64(c.streams.seen[key]))
	}
	c.streams.marked = nil
	for _, st := range c.streams.order {
		if st.dirty {
			position := st.cursor
			if st.name.Kind == wire.StreamRoster {
				position = c.behind.settled // where the roster stood that is stored
			}
			c.put(BucketCursor, wire.AppendStream(nil, st.name), u64(uint64(position)))
		}
		if (st.dirty || st.untold) && st.tailed && st.name.Kind != wire.StreamRoster && c.link.phase == phaseLive {
			c.send(wire.AppendCursor(nil, wire.Cursor{Stream: st.name, Position: st.cursor}))
		}
		st.dirty, st.untold = false, false
	}
}

func (s *streams) markSeen(key seenKey, counter uint64) {
	s.seen[key] = counter
	if !slices.Contains(s.marked, key) {
		s.marked = append(s.marked, key)
	}
}
