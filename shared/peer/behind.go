package peer

import (
	"bytes"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// behind is how the relay's roster compares with this device's (docs/PROTOCOL.md, section 3.3). A relay that was put back to an
// older state is behind; it is offered what it lost.
type behind struct {
	// head is the relay's at the cursor of the roster's stream. It is zero or one that the own roster has or had.
	head wire.Head
	// settled is where the own head stood on the relay when the two last agreed. What stands here already and comes from above
	// it was appended once more.
	settled wire.Position
	// welcome is the head that the relay named at a position, and must have there.
	welcome wire.Head
	at      wire.Position

	wanted  int       // number of the statement that the store was asked for, from 1; 0: none
	ref     uint64    // of the offer that is not answered; 0: none
	offered wire.Head // behind which the last offer stood
	tries   int
	hold    time.Time   // nothing is offered before
	refused *wire.Error // why the relay cannot be helped from here
}

func (b *behind) disconnected() {
	b.wanted, b.ref, b.tries, b.hold, b.refused = 0, 0, 0, time.Time{}, nil
}

// isBehind reports whether the relay's roster, as far as it was read, lacks statements that this device has.
func (c *Core) isBehind() bool { return c.behind.head != c.roster.Head() }

// meet compares what a welcome says of the roster with what is here, before the rest is read.
func (c *Core) meet(w *wire.Welcome) {
	b, st := &c.behind, c.streams.roster(c)
	b.welcome, b.at = w.Head, w.Position
	switch known := c.roster.Number(w.Head) != 0; {
	case w.Position > st.cursor: // what comes is to follow on what is here
	case known:
		b.head, st.cursor = w.Head, w.Position
		c.agreed(st)
	case w.Position < st.cursor:
		b.head, st.cursor = wire.Head{}, 0
	}
	c.tail(st)
}

// review reads the relay's roster from its beginning: the positions that this device knows of are not in it.
func (c *Core) review(st *stream) {
	c.behind.head, st.cursor = wire.Head{}, 0
	c.tail(st)
}

// agreed settles the stream's cursor where the relay has all that is here.
func (c *Core) agreed(st *stream) {
	if c.isBehind() {
		return
	}
	st.dirty = true
	c.behind.settled = st.cursor
	if c.behind.refused == nil {
		return
	}
	c.behind.refused = nil
	for _, other := range c.streams.order { // some may not have been there
		if other != st {
			other.tailed = false
		}
	}
	c.connectionChanged()
}

// takeStatement takes the next statement of the relay's roster: it stands here already, or it is folded.
func (c *Core) takeStatement(st *stream, it item) *wire.Error {
	b := &c.behind
	next := roster.HeadAfter(b.head, it.bytes)
	switch {
	case c.roster.Number(next) != 0:
		c.seenAgain(it)
	case c.isBehind():
		return errForked
	default:
		if err := c.fold(it); err != nil {
			return err
		}
	}
	b.head, b.tries, b.hold = next, 0, time.Time{}
	st.cursor, st.tries = it.position, 0
	c.agreed(st)
	if it.position == b.at && next != b.welcome {
		return errForked
	}
	return nil
}

var errForked = wire.Errorf(wire.CodeBadRoster, "The relay's roster and this device's went different ways: the relay was put back to an older state and somebody wrote to it before others came back, or it lies. Nothing from it is trusted; tell the mesh's owner.")

// seenAgain looks at a statement that stands here already. An invite made here that was appended once more has lost its code, so
// that nobody can use it; and until the own join was, others could not know of this device.
func (c *Core) seenAgain(it item) {
	if it.position <= c.behind.settled {
		return
	}
	stmt, err := roster.Parse(it.bytes)
	if err != nil {
		return
	}
	if stmt.Kind == roster.KindJoin && stmt.Author == c.id {
		c.returned = int64(it.time)
		c.put(BucketMeta, metaKey(metaReturned), u64(it.time))
	}
	if made, ok := stmt.Body.(*roster.Invite); ok {
		if row, here := c.invites[made.ID]; here {
			c.saveInvite(made.ID, inviteRow{Secret: row.Secret})
			c.jobs.lost = append(c.jobs.lost, made.ID)
		}
	}
}

// pumpBehind offers the relay the next statement that it lacks.
func (c *Core) pumpBehind() {
	b := &c.behind
	if c.link.phase < phaseRoster || c.link.final != nil || !c.streams.roster(c).live || !c.isBehind() {
		return
	}
	if b.wanted != 0 || b.ref != 0 || c.held(&b.hold) {
		return
	}
	b.wanted = c.roster.Number(b.head) + 1
	c.output(WantStatement{Number: uint64(b.wanted - 1)})
}

// handleStatementRow sends the statement that the store gave.
func (c *Core) handleStatementRow(in StatementRow) {
	b := &c.behind
	if b.wanted == 0 || in.Number != uint64(b.wanted-1) {
		return
	}
	b.wanted = 0
	if c.link.phase < phaseRoster || in.Number != uint64(c.roster.Number(b.head)) {
		return
	}
	if len(in.Row) < 8 {
		c.offerRefused(wire.Errorf(wire.CodeStorage, "A statement of the roster could not be read from this device's store."))
		return
	}
	c.jobs.ref++
	after := b.head
	b.ref, b.offered = c.jobs.ref, after
	c.send(wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: b.ref, Statement: bytes.Clone(in.Row[8:]), After: &after}))
}

// Pauses after an offer that did not bring the relay on.
const (
	offerPause = time.Second
	offerRest  = time.Minute
)

// hearOffered takes the answer to an offer. What was taken comes on the roster's stream, perhaps before the answer.
func (c *Core) hearOffered(reply *wire.Reply) {
	b := &c.behind
	b.ref = 0
	switch {
	case b.head != b.offered:
	case reply.Error == nil || reply.Error.Retry:
		b.hold = c.now.Add(min(offerPause<<min(b.tries, 5), offerRest))
		b.tries++
	default:
		c.offerRefused(reply.Error)
	}
}

// offerRefused lets the device read what the relay has, while somebody else may bring the relay on.
func (c *Core) offerRefused(why *wire.Error) {
	b := &c.behind
	b.hold = c.now.Add(offerRest)
	b.refused = wire.Errorf(wire.CodeUnavailable, "The relay was put back to an older state and does not take from this device what it lost: %s Until another member's device connects, nothing can be sent.", why.Message)
	c.connectionChanged()
}

// isLost reports whether the relay lost this device, which its own roster has in the mesh, or which the relay let in.
func (c *Core) isLost(code wire.Code) bool {
	self, known := c.roster.Device(c.id)
	return code == wire.CodeUnknownDevice && (c.enrollment != nil || known && self.Standing == roster.Present)
}

// lostPause is how long a device that the relay lost waits before it comes back.
const lostPause = 5 * time.Second

var errLost = wire.Errorf(wire.CodeUnknownDevice, "The relay was put back to an older state and does not know this device any more. It is known again as soon as another member's device connects.")
