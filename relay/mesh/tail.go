package mesh

import (
	"io"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// tail is one connection's reading of one stream.
type tail struct {
	conn   *connection
	stream *stream
	after  wire.Position // what the connection was given
	live   bool
	asked  bool // whether the store knows a head above after
	index  int  // in stream.live
	ended  bool
}

// readable says whether a connection's member may read a stream (docs/PROTOCOL.md, section 8).
func (c *Core) readable(conn *connection, name wire.Stream) error {
	switch name.Kind {
	case wire.StreamRoster:
		if name.ID != [wire.IDSize]byte(c.mesh) {
			return wire.Errorf(wire.CodeForbidden, "that roster is of another mesh")
		}
	case wire.StreamInbox:
		if name.ID != [wire.IDSize]byte(conn.device.member) {
			return wire.Errorf(wire.CodeForbidden, "that inbox is of another member")
		}
	case wire.StreamTopic:
		if view, ok := c.roster.Member(conn.device.member); !ok || view.Role < wire.RoleMember {
			return wire.Refuse(wire.CodeForbidden)
		}
		if _, ok := c.roster.Topic(name.ID); !ok {
			return wire.Errorf(wire.CodeNotFound, "this mesh has no topic %x", name.ID)
		}
	default:
		return wire.Errorf(wire.CodeMalformed, "a stream is a roster, an inbox or a topic")
	}
	return nil
}

// tail starts to read streams. What may not be read gets an error; the rest of the list is read all the same.
func (c *Core) tail(conn *connection, payload []byte) error {
	var list wire.Tail
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &list); err != nil {
		return err
	}
	if len(list.Streams) == 0 || len(list.Streams) > wire.MaxTail {
		return wire.Errorf(wire.CodeMalformed, "a tail names 1 to %d streams", wire.MaxTail)
	}
	for _, item := range list.Streams {
		if item.After > wire.MaxPosition {
			return wire.Errorf(wire.CodeMalformed, "a position is below 2^53")
		}
	}
	var unknown []wire.TailItem
	for _, item := range list.Streams {
		switch err := c.readable(conn, item.Stream()); {
		case err != nil && c.shared():
			unknown = append(unknown, item)
		case err != nil:
			if c.complain(conn, err); conn.ending {
				return nil
			}
		default:
			if err := c.begin(conn, item); err != nil {
				return err
			}
		}
	}
	if len(unknown) > 0 { // here, but perhaps not on another node
		c.frameWaits(conn, len(payload), func(time.Time, io.Reader) {
			for _, item := range unknown {
				if conn.ending {
					return
				}
				err := c.readable(conn, item.Stream())
				if err == nil {
					err = c.begin(conn, item)
				}
				if err != nil {
					c.complain(conn, err)
				}
			}
		})
	}
	return nil
}

// begin starts to read a stream that the connection may read.
func (c *Core) begin(conn *connection, item wire.TailItem) error {
	name := item.Stream()
	if old := conn.tails[name]; old != nil {
		c.endTail(old)
	} else if len(conn.tails) >= c.config.Tails {
		return wire.Errorf(wire.CodeTooLarge, "a connection tails at most %d streams", c.config.Tails)
	}
	t := &tail{conn: conn, stream: c.stream(name), after: item.After}
	conn.tails[name] = t
	c.batch.effects = append(c.batch.effects, effect{kind: effectTail, tail: t, op: -1})
	return nil
}

// endTail stops a tail; a read that runs is ignored when it ends.
func (c *Core) endTail(t *tail) {
	delete(t.conn.tails, t.stream.name)
	t.ended = true
	s := t.stream
	if t.live {
		last := s.live[len(s.live)-1]
		s.live[t.index], last.index = last, t.index
		s.live[len(s.live)-1] = nil
		if s.live = s.live[:len(s.live)-1]; len(s.live) == 0 {
			s.behind = nil
		}
	}
	if t.conn.reading == t {
		c.caught(s)
	}
	t.conn.waiting = slices.DeleteFunc(t.conn.waiting, func(x *tail) bool { return x == t })
}

// endTopics stops what a member may no longer read.
func (c *Core) endTopics(id wire.MemberID) {
	for _, conn := range slices.Clone(c.welcomed) {
		if conn.device.member != id {
			continue
		}
		for name, t := range conn.tails {
			if name.Kind == wire.StreamTopic {
				c.endTail(t)
			}
		}
	}
}

// startTail goes live where the reader stands at the head, and else has the store read.
func (c *Core) startTail(t *tail) {
	switch {
	case t.ended || t.conn.ending:
	case t.after > t.stream.head && c.shared() && !t.asked:
		// Another node may have appended what the reader has.
		t.asked = true
		c.wait(func(time.Time, io.Reader) {
			c.batch.effects = append(c.batch.effects, effect{kind: effectTail, tail: t, op: -1})
		})
	case t.after >= t.stream.head:
		c.goLive(t)
	default:
		t.conn.waiting = append(t.conn.waiting, t)
		c.readNext(t.conn)
	}
}

func (c *Core) goLive(t *tail) {
	t.live, t.index, t.after = true, len(t.stream.live), t.stream.head
	t.stream.live = append(t.stream.live, t)
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendLive(c.out.bytes, wire.Cursor{Stream: t.stream.name, Position: t.stream.head})
	c.out.send(t.conn, from, len(c.out.bytes))
}
