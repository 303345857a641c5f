package mesh

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// counterAt is where an envelope holds its counter: behind suite, kind, priority, flags and epoch.
const counterAt = 8

// send takes an envelope (docs/PROTOCOL.md, section 7). An error is for a frame that names no counter; every other refusal is
// a refused frame.
func (c *Core) send(now time.Time, conn *connection, payload []byte) error {
	s, err := wire.ParseSend(payload)
	if err != nil {
		return err
	}
	if len(s.Envelope) < counterAt+8 {
		return wire.Errorf(wire.CodeMalformed, "an envelope is cut short")
	}
	counter := binary.BigEndian.Uint64(s.Envelope[counterAt:])
	d := conn.device
	if counter != 0 && counter <= d.last {
		c.batch.effects = append(c.batch.effects, effect{kind: effectRepeat, conn: conn, op: -1, counter: counter})
		return nil
	}
	if conn.stalled {
		conn.skipped = true
		return nil
	}
	if s.After != d.last {
		c.resume(conn, d.last)
		return nil
	}
	if err := c.accept(now, conn, s.After, s.Envelope); err != nil {
		e := wire.AsError(err)
		if c.shared() && !conn.rejudged && outdated[e.Code] && c.sendAgain(conn, payload) {
			return nil
		}
		if counter > wire.MaxCounter {
			counter = 0 // no number that JSON of the protocol can hold
		}
		c.sendJSON(conn, wire.FrameRefused, wire.Refused{Counter: counter, Error: *e})
		c.count(e.Code)
	}
	return nil
}

// resume answers with the counter that the next send follows.
func (c *Core) resume(conn *connection, last uint64) {
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendResume(c.out.bytes, last)
	c.later(conn, from)
}

// accept judges an envelope by the roster and queues its append.
func (c *Core) accept(now time.Time, conn *connection, after uint64, raw []byte) error {
	envelope, err := wire.ParseEnvelope(raw)
	if err != nil {
		return err
	}
	d := conn.device
	m := c.member(d.member)
	if err := c.pace(now, m, len(raw)*envelope.Recipients()); err != nil {
		return err
	}
	if err := c.checkEpoch(now, envelope.Epoch); err != nil {
		return err
	}
	from := len(c.batch.entries)
	if envelope.Kind == wire.KindTopic {
		err = c.toTopic(conn, &envelope, raw)
	} else {
		err = c.toInboxes(d, &envelope)
	}
	if err != nil {
		return err
	}
	to := len(c.batch.entries)
	size := takes(c.batch.entries[from:to])
	if err := c.hasQuota(m, size); err != nil {
		return err
	}
	c.stored += size
	m.stored += size
	d.stored += size
	c.batch.appends = append(c.batch.appends, AppendEnvelope{
		Head: c.roster.Head(), Device: d.id, After: after, Counter: envelope.Counter, Time: milliseconds(now),
		Entries: c.batch.entries[from:to:to],
	})
	op := c.batch.add(&c.batch.appends[len(c.batch.appends)-1])
	d.last = envelope.Counter
	c.batch.effects = append(c.batch.effects, effect{kind: effectSend, conn: conn, op: op, device: d, recipients: envelope.Recipients()})
	return nil
}

// pace holds the bounds on what a member and all of them send in a time.
func (c *Core) pace(now time.Time, m *member, size int) error {
	if !m.sends.take(c.config.Sends, now) || !m.bytes.takeMany(c.config.Bytes, now, size) {
		return wire.Errorf(wire.CodeRateLimited, "This member sends faster than the relay allows. Wait a moment and try again.")
	}
	if !c.sends.take(c.config.AllSends, now) || !c.bytes.takeMany(c.config.AllBytes, now, size) {
		return wire.Errorf(wire.CodeRateLimited, "The members of this mesh send faster than the relay allows. Wait a moment and try again.")
	}
	return nil
}

// checkEpoch takes the present epoch, and the one before for a while.
func (c *Core) checkEpoch(now time.Time, epoch uint32) error {
	present := c.roster.Epoch()
	if epoch == present {
		return nil
	}
	if epoch+1 == present && now.Before(c.roster.RotatedAt(present).Add(wire.EpochGraceSeconds*time.Second)) {
		return nil
	}
	return wire.Refuse(wire.CodeStaleEpoch)
}

func (c *Core) toTopic(conn *connection, e *wire.Envelope, raw []byte) error {
	name := wire.TopicStream(e.Topic())
	if err := c.readable(conn, name); err != nil {
		return err
	}
	if topic, _ := c.roster.Topic(e.Topic()); topic.Archived {
		return wire.Errorf(wire.CodeForbidden, "This topic is archived.")
	}
	from := len(c.batch.bytes)
	c.batch.bytes = append(c.batch.bytes, raw...)
	c.entry(name, from)
	return nil
}

// entry queues what was appended to batch.bytes since from.
func (c *Core) entry(name wire.Stream, from int) {
	to := len(c.batch.bytes)
	c.batch.entries = append(c.batch.entries, NewEntry{Stream: name, Envelope: c.batch.bytes[from:to:to]})
}

// toInboxes makes one entry for each recipient, with only its stanzas, and the sent copy.
func (c *Core) toInboxes(d *device, e *wire.Envelope) error {
	own := c.roster.DevicesOf(d.member)
	wanted, copies := 0, len(own) > 1
	for i := range e.Recipients() {
		id := wire.MemberID(e.Recipient(i))
		devices := c.roster.DevicesOf(id)
		if len(devices) == 0 {
			return wire.Refuse(wire.CodeUnknownMember)
		}
		wanted += len(devices)
		if id == d.member {
			wanted--
			copies = false // it has its entry as a recipient
		}
	}
	if copies {
		wanted += len(own) - 1
	}
	if e.Stanzas() != wanted {
		return wire.Refuse(wire.CodeStaleRoster)
	}
	for i := range wanted {
		view, ok := c.roster.Device(e.StanzaDevice(i))
		if !ok || view.Standing != roster.Present || view.ID == d.id || view.Member != d.member && !isRecipient(e, view.Member) {
			return wire.Refuse(wire.CodeStaleRoster)
		}
	}
	for i := range e.Recipients() {
		c.toInbox(e, wire.MemberID(e.Recipient(i)))
	}
	if copies {
		c.toInbox(e, d.member)
	}
	return nil
}

func isRecipient(e *wire.Envelope, id wire.MemberID) bool {
	low, high := 0, e.Recipients()
	for low < high {
		mid := (low + high) / 2
		recipient := e.Recipient(mid)
		switch c := bytes.Compare(recipient[:], id[:]); {
		case c == 0:
			return true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return false
}

func (c *Core) toInbox(e *wire.Envelope, id wire.MemberID) {
	devices := c.roster.DevicesOf(id)
	from := len(c.batch.bytes)
	c.batch.bytes = e.AppendFiltered(c.batch.bytes, func(device wire.DeviceID) bool {
		_, found := slices.BinarySearchFunc(devices, device, func(x, y wire.DeviceID) int { return bytes.Compare(x[:], y[:]) })
		return found
	})
	c.entry(wire.InboxStream(id), from)
}

// sent tells the sender and shows the envelope to who is live, now that it is durable.
func (c *Core) sent(now time.Time, e *effect, verdict *Verdict) {
	d := e.device
	op := c.batch.ops[e.op].(*AppendEnvelope)
	if verdict.Outcome != Done {
		c.unstore(d, takes(op.Entries))
		c.unsent(e.conn, op, verdict)
		return
	}
	d.committed = op.Counter
	d.last = max(d.last, op.Counter) // where one before it in the batch was found to be stored, the rest of the batch followed that
	c.nodes.acted = true
	placed := d.sent.next(op.Counter, op.Time)
	for i := range op.Entries[:e.recipients] {
		placed.Placed = append(placed.Placed, wire.Placed{Recipient: op.Entries[i].Stream.ID, Position: verdict.Places[i].Position})
	}
	c.sendAccepted(e.conn, placed)
	for i := range op.Entries {
		entry := &op.Entries[i]
		s := c.stream(entry.Stream)
		if i < e.recipients && entry.Stream.Kind == wire.StreamInbox {
			c.watch(s, watched{verdict.Places[i].Position, op.Counter, d})
		}
		c.grew(s, op.Time, len(entry.Envelope))
		c.deliver(s, &Entry{
			Position: verdict.Places[i].Position, Previous: verdict.Places[i].Previous, Time: op.Time, Sender: op.Device, Bytes: entry.Envelope,
		})
	}
}

func (c *Core) sendAccepted(conn *connection, a *wire.Accepted) {
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendAccepted(c.out.bytes, *a)
	c.out.send(conn, from, len(c.out.bytes))
}

// again answers a send that the store did not take: a counter that was taken before is accepted, with positions where they are
// still in memory; another is asked to follow the last one.
func (c *Core) again(conn *connection, counter uint64) {
	d := conn.device
	if counter > d.committed {
		from := len(c.out.bytes)
		c.out.bytes = wire.AppendResume(c.out.bytes, d.committed)
		c.out.send(conn, from, len(c.out.bytes))
		return
	}
	placed := d.sent.find(counter)
	if placed == nil {
		placed = &wire.Accepted{Counter: counter}
	}
	c.sendAccepted(conn, placed)
}

// sentRing remembers where the last sends of a device went, for their repeats.
type sentRing struct {
	sends [16]wire.Accepted
	count int
}

// next makes room for a send, in place of the oldest.
func (r *sentRing) next(counter, time uint64) *wire.Accepted {
	a := &r.sends[r.count%len(r.sends)]
	r.count++
	a.Counter, a.Time, a.Placed = counter, time, a.Placed[:0]
	return a
}

func (r *sentRing) find(counter uint64) *wire.Accepted {
	for i := range r.sends {
		if r.sends[i].Counter == counter {
			return &r.sends[i]
		}
	}
	return nil
}
