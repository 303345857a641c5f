package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// batch is what events since the last Committed gave: operations, and effects that wait for their verdicts.
type batch struct {
	out     bool // taken, not yet committed
	ops     []Op
	effects []effect

	// Room that is used again for each batch. Ops point into it; a slice that outgrows its array leaves those pointers
	// good, for they keep the old array.
	bytes   []byte
	room    room // of bytes
	entries []NewEntry
	appends []AppendEnvelope
	moves   []MoveCursor
	cursors map[cursorKey]*MoveCursor
}

type cursorKey struct {
	device wire.DeviceID
	stream wire.Stream
}

// effect is something to let go at the commit, in the order in which events asked for it.
type effect struct {
	kind effectKind
	conn *connection
	op   int // whose verdict it waits for
	// frames is a part of out.bytes, for effectFrames and effectDrop.
	from, to int
	code     wire.Code
	counter  uint64
	tail     *tail
	device   *device
	position wire.Position
	// recipients is how many of a send's entries are theirs: the first ones.
	recipients int
	call       func(now time.Time, verdict *Verdict) // for what is rare
}

type effectKind uint8

const (
	effectFrames effectKind = 1 + iota
	effectDrop
	effectCount
	effectSend
	effectRepeat
	effectCursor
	effectTail
	effectRead
	effectCall
)

// room decides whether an array of bytes is kept for the next batch: while batches need it. So a mesh under load does not make
// its array anew, and one that is quiet does not hold what it once needed.
type room struct{ need int }

// An array of at most leastRoom bytes is always kept, one of more than mostRoom never. A need above muchRoom is soon forgotten, a
// smaller one after some hundreds of batches: batches of a mesh under load are of very different sizes.
const (
	leastRoom = 64 << 10
	muchRoom  = 1 << 20
	mostRoom  = 16 << 20
)

// empty gives b without its contents, or nothing where it is not kept.
func (r *room) empty(b []byte) []byte {
	if r.need > muchRoom {
		r.need -= r.need / 32
	} else {
		r.need -= r.need / 256
	}
	r.need = max(len(b), r.need)
	if cap(b) > min(max(leastRoom, 4*r.need), mostRoom) {
		return nil
	}
	return b[:0]
}

func (b *batch) idle() bool { return !b.out && len(b.ops) == 0 && len(b.effects) == 0 }

// add appends an operation and gives its index.
func (b *batch) add(op Op) int {
	b.ops = append(b.ops, op)
	return len(b.ops) - 1
}

func (b *batch) reset() {
	clear(b.ops)
	clear(b.effects)
	clear(b.entries)
	clear(b.appends)
	clear(b.cursors)
	b.out, b.ops, b.effects = false, b.ops[:0], b.effects[:0]
	b.entries, b.appends, b.moves = b.entries[:0], b.appends[:0], b.moves[:0]
	b.bytes = b.room.empty(b.bytes)
}

// Take gives what the events since the last Committed want committed. The adapter then calls Committed, at once where
// the batch is empty and else with the store's verdicts.
func (c *Core) Take() Batch {
	c.out.reset()
	c.putProposal()
	c.batch.out = true
	return Batch{Mesh: c.mesh, Ops: c.batch.ops}
}

// Committed takes the verdicts of the batch, one for each op, and gives everything to be let go, in order. The slice is
// valid until the next call of Handle.
//
// Where another node moved a mesh of a shared store meanwhile, what was judged by the old state is tried again when the new one
// is known. Where a store has no other nodes, everything here that was judged by the old state may be wrong. Then only what was
// committed is told of, and the last output is OutputReload: what got no answer is tried again on a new connection.
func (c *Core) Committed(now time.Time, verdicts []Verdict) []Output {
	if len(verdicts) != len(c.batch.ops) {
		panic("mesh: as many verdicts as ops are wanted")
	}
	c.full = c.full[:0]
	reload := !c.shared() && doubtful(verdicts)
	for i := range c.batch.effects {
		e := &c.batch.effects[i]
		var verdict *Verdict
		if e.op >= 0 {
			verdict = &verdicts[e.op]
		}
		if !reload || verdict != nil && verdict.Outcome == Done {
			c.settle(now, e, verdict)
		}
	}
	if reload || c.nodes.broken {
		c.out.list = append(c.out.list, Output{Kind: OutputReload})
	} else {
		c.tellPresence()
		if c.shared() {
			c.between(now)
		}
	}
	c.batch.reset()
	c.out.stale = true
	return c.out.list
}

// doubtful reports whether a store that nobody else writes to found what only another writer can have done.
func doubtful(verdicts []Verdict) bool {
	for i := range verdicts {
		switch verdicts[i].Outcome {
		case Done, Resume, Absent:
		default:
			return true
		}
	}
	return false
}

func (c *Core) settle(now time.Time, e *effect, verdict *Verdict) {
	switch e.kind {
	case effectFrames:
		c.out.send(e.conn, e.from, e.to)
	case effectDrop:
		c.dropped(e)
	case effectCount:
		c.out.list = append(c.out.list, Output{Kind: OutputCount, Code: e.code})
	case effectSend:
		c.sent(now, e, verdict)
	case effectRepeat:
		c.again(e.conn, e.counter)
	case effectCursor:
		c.passed(now, e.device, c.batch.ops[e.op].(*MoveCursor).Position)
	case effectTail:
		c.startTail(e.tail)
	case effectRead:
		c.readOn(e)
	case effectCall:
		e.call(now, verdict)
	}
}

// out collects outputs and the frames that they carry.
type out struct {
	list  []Output
	bytes []byte
	room  room // of bytes
	shown int  // entries in list, once for each connection
	stale bool // Committed gave them away; the next event begins anew
}

func (o *out) reset() {
	if !o.stale {
		return
	}
	clear(o.list)
	o.list, o.bytes, o.shown, o.stale = o.list[:0], o.room.empty(o.bytes), 0, false
}

// Shown is how many entries of streams the outputs of the last Committed show to live readers, once for each connection.
func (c *Core) Shown() int { return c.out.shown }

// Connections is how many connections there are, and how many of them proved their device's key.
func (c *Core) Connections() (all, welcomed int) { return len(c.conns), len(c.welcomed) }

// send lets a part of bytes go to a connection that is still there.
func (o *out) send(conn *connection, from, to int) {
	if conn.gone {
		return
	}
	o.list = append(o.list, Output{Kind: OutputSend, Conn: conn.id, Bytes: o.bytes[from:to:to]})
}

// later queues frames that are ready now: those appended to out.bytes since from.
func (c *Core) later(conn *connection, from int) {
	c.batch.effects = append(c.batch.effects, effect{kind: effectFrames, conn: conn, op: -1, from: from, to: len(c.out.bytes)})
}

// whenDone queues what an operation's verdict, or with op -1 the commit alone, lets go.
func (c *Core) whenDone(op int, call func(now time.Time, verdict *Verdict)) {
	c.batch.effects = append(c.batch.effects, effect{kind: effectCall, op: op, call: call})
}

// count queues one more refusal of this code for the metrics.
func (c *Core) count(code wire.Code) {
	c.batch.effects = append(c.batch.effects, effect{kind: effectCount, op: -1, code: code})
}

// sendJSON queues a frame of JSON.
func (c *Core) sendJSON(conn *connection, kind wire.FrameType, v any) {
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendJSONFrame(c.out.bytes, kind, v)
	c.later(conn, from)
}

// sendJSONNow is sendJSON for an effect.
func (c *Core) sendJSONNow(conn *connection, kind wire.FrameType, v any) {
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendJSONFrame(c.out.bytes, kind, v)
	c.out.send(conn, from, len(c.out.bytes))
}

// complain queues an error frame about the last frame. A connection that earns too many of them is closed.
func (c *Core) complain(conn *connection, err error) {
	e := wire.AsError(err)
	if conn.errors.take(c.config.Errors, conn.heard) {
		c.sendJSON(conn, wire.FrameError, e)
	} else {
		c.drop(conn.heard, conn, wire.Errorf(wire.CodeRateLimited, "Too much of what this connection sent could not be taken."))
	}
	c.count(e.Code)
}
