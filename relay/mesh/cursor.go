package mesh

import (
	"io"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// cursor notes how far a device has stored a stream (docs/PROTOCOL.md, section 8). A position above the head counts as the head.
func (c *Core) cursor(conn *connection, payload []byte) error {
	moved, err := wire.ParseCursor(payload)
	if err != nil {
		return err
	}
	if err := c.readable(conn, moved.Stream); err != nil {
		return err
	}
	if c.shared() && moved.Position > c.stream(moved.Stream).head {
		// Another node may have appended what the device has.
		c.frameWaits(conn, len(payload), func(time.Time, io.Reader) { c.moveCursor(conn.device, moved) })
		return nil
	}
	c.moveCursor(conn.device, moved)
	return nil
}

func (c *Core) moveCursor(d *device, moved wire.Cursor) {
	position := min(moved.Position, c.stream(moved.Stream).head)
	if position == 0 || moved.Stream.Kind == wire.StreamInbox && position <= d.cursor {
		return
	}
	key := cursorKey{d.id, moved.Stream}
	if op := c.batch.cursors[key]; op != nil {
		op.Position = max(op.Position, position)
		return
	}
	c.batch.moves = append(c.batch.moves, MoveCursor{Device: d.id, Stream: moved.Stream, Position: position})
	op := &c.batch.moves[len(c.batch.moves)-1]
	c.batch.cursors[key] = op
	index := c.batch.add(op)
	if moved.Stream.Kind == wire.StreamInbox {
		c.batch.effects = append(c.batch.effects, effect{kind: effectCursor, op: index, device: d})
	}
}

// passed tells senders what a device's cursor in its inbox went past.
func (c *Core) passed(now time.Time, d *device, position wire.Position) {
	before := d.cursor
	if position <= before {
		return
	}
	d.cursor = position
	s := c.stream(wire.InboxStream(d.member))
	items := s.watched.items()
	from, _ := slices.BinarySearchFunc(items, before+1, byPosition)
	for _, w := range items[from:] {
		if w.position > position {
			break
		}
		c.tellDelivered(now, w, d)
	}
	c.prune(s)
}

func (c *Core) tellDelivered(now time.Time, w watched, d *device) {
	if w.sender == d {
		return
	}
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendDelivered(c.out.bytes, wire.Delivered{
		Counter: w.counter, Member: d.member, Device: d.id, Time: milliseconds(now),
	})
	to := len(c.out.bytes)
	for _, conn := range w.sender.conns {
		if !conn.fresh { // it is not welcome yet, and tracks what it waits for
			c.out.send(conn, from, to)
		}
	}
}

// track takes up again what a sender waited for before it reconnected. The store tells whether it stands where the peer says:
// or a member could learn of any position how far another's devices have read.
func (c *Core) track(now time.Time, conn *connection, payload []byte) error {
	var list wire.Track
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &list); err != nil {
		return err
	}
	if len(list.Items) > wire.MaxTrack {
		return wire.Errorf(wire.CodeTooLarge, "a track names at most %d sends", wire.MaxTrack)
	}
	for _, item := range list.Items {
		if item.Position == 0 || item.Position > wire.MaxPosition {
			return wire.Errorf(wire.CodeMalformed, "a send that is tracked has a position")
		}
		if item.Counter == 0 || item.Counter > conn.device.last {
			return wire.Errorf(wire.CodeMalformed, "a send that is tracked has a counter of this device")
		}
	}
	for _, item := range list.Items {
		if view, ok := c.roster.Member(item.Member); !ok || view.Standing != roster.Present {
			continue // nobody will ever have it; the roster told the sender why
		}
		if !c.member(conn.device.member).sends.take(c.config.Sends, now) {
			return wire.Refuse(wire.CodeRateLimited)
		}
		w := watched{item.Position, item.Counter, conn.device}
		find := c.batch.add(&FindEnvelope{Device: w.sender.id, Stream: wire.InboxStream(item.Member), Position: w.position})
		c.whenDone(find, func(now time.Time, verdict *Verdict) {
			if verdict.Outcome == Done {
				c.takeUp(now, item.Member, w)
			}
		})
	}
	return nil
}

// takeUp tells at once of the devices that have the message, and later of the others.
func (c *Core) takeUp(now time.Time, member wire.MemberID, w watched) {
	waiting := false
	for _, id := range c.roster.DevicesOf(member) {
		d := c.device(id)
		if d == w.sender {
			continue
		}
		if d.cursor >= w.position {
			c.tellDelivered(now, w, d)
		} else {
			waiting = true
		}
	}
	if waiting {
		c.watch(c.stream(wire.InboxStream(member)), w)
	}
}
