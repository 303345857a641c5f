package mesh

import (
	"io"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// connection is one connection, from opened to forgotten.
type connection struct {
	id      ConnID
	nonce   []byte // taken by the first hello
	opened  time.Time
	heard   time.Time
	errors  bucket
	device  *device // nil before welcome
	session wire.SessionID
	oneShot bool
	arrival uint64     // counts the welcomes of the mesh: the newer connection has the larger one
	spoken  []*session // for which it speaks beside its own, in the order in which they began here
	index   int        // in Core.welcomed or Core.unheard

	tails   map[wire.Stream]*tail
	waiting []*tail // for their turn to be read
	reading *tail
	tag     uint64

	greeted  bool // its hello came
	waits    int  // frames of it that wait for what other nodes did
	cards    int  // frames that wait for what its cards wait for
	stalled  bool // what it sends is passed over until it is known what its last send is judged by
	skipped  bool // something was
	rejudged bool // its send is judged for the second time
	ending   bool // no more frames are taken
	gone     bool // nothing can be sent
	fresh    bool // welcomed in this batch: it is told all presence, not the changes
}

func (c *Core) opened(now time.Time, entropy io.Reader, id ConnID) {
	conn := &connection{id: id, opened: now, heard: now, nonce: make([]byte, wire.ChallengeSize)}
	if len(c.conns) >= c.config.Connections {
		c.drop(now, conn, wire.Errorf(wire.CodeRateLimited, "This mesh has as many connections as the relay allows. Try again later."))
		return
	}
	if len(c.unheard) >= c.config.Handshakes {
		oldest := slices.MinFunc(c.unheard, func(x, y *connection) int { return x.opened.Compare(y.opened) })
		c.drop(now, oldest, wire.Refuse(wire.CodeHandshakeTimeout))
	}
	if _, err := io.ReadFull(entropy, conn.nonce); err != nil {
		panic("mesh: no entropy: " + err.Error())
	}
	c.conns[id] = conn
	conn.index = len(c.unheard)
	c.unheard = append(c.unheard, conn)
	c.due(now.Add(c.config.Handshake))
	c.sendJSON(conn, wire.FrameChallenge, wire.Challenge{Nonce: conn.nonce, Time: now.UnixMilli()})
}

// received takes one frame.
func (c *Core) received(now time.Time, entropy io.Reader, conn *connection, f wire.Frame) {
	if conn == nil || conn.ending {
		return
	}
	conn.heard = now
	if conn.device == nil {
		switch {
		case f.Type != wire.FrameHello:
			c.drop(now, conn, wire.Refuse(wire.CodeNotWelcome))
		case conn.greeted:
			c.drop(now, conn, wire.Refuse(wire.CodeStaleNonce))
		default:
			conn.greeted = true
			c.hello(now, entropy, conn, f.Payload)
		}
		return
	}
	var err error
	switch f.Type {
	case wire.FrameSend:
		err = c.send(now, conn, f.Payload)
	case wire.FrameCursor:
		err = c.cursor(conn, f.Payload)
	case wire.FrameTail:
		err = c.tail(conn, f.Payload)
	case wire.FrameAppend:
		err = c.append(now, entropy, conn, f.Payload)
	case wire.FrameCard:
		err = c.card(now, conn, f.Payload)
	case wire.FrameTrack:
		err = c.track(now, conn, f.Payload)
	case wire.FramePing:
		err = c.ping(conn, f.Payload)
	case wire.FrameBye:
		err = c.bye(now, conn, f.Payload)
	case wire.FrameHello:
		c.drop(now, conn, wire.Refuse(wire.CodeStaleNonce))
	default:
		err = wire.Refuse(wire.CodeUnknownFrame)
	}
	if err != nil {
		c.complain(conn, err)
	}
}

func (c *Core) ping(conn *connection, payload []byte) error {
	if len(payload) != wire.PingSize {
		return wire.Errorf(wire.CodeMalformed, "a ping carries %d bytes", wire.PingSize)
	}
	if conn.cards == 0 {
		c.pong(conn, payload)
	} else {
		kept := slices.Clone(payload)
		c.cardWaits(conn, len(payload), func(time.Time) error {
			c.pong(conn, kept)
			return nil
		})
	}
	return nil
}

func (c *Core) pong(conn *connection, payload []byte) {
	from := len(c.out.bytes)
	c.out.bytes = wire.AppendFrame(c.out.bytes, wire.FramePong, payload)
	c.later(conn, from)
}

// bye ends one session at once, or the connection with all its sessions.
func (c *Core) bye(now time.Time, conn *connection, payload []byte) error {
	session, err := wire.ParseBye(payload)
	if err != nil {
		return err
	}
	if !session.IsZero() {
		return c.inOrder(now, conn, session, len(payload), func(now time.Time) error { return c.endSpoken(now, conn, session) })
	}
	return c.inOrder(now, conn, conn.session, len(payload), func(now time.Time) error {
		c.letGo(now, conn, wire.StateOffline)
		c.drop(now, conn, nil)
		return nil
	})
}

// closed forgets a connection that is gone.
func (c *Core) closed(now time.Time, conn *connection) {
	if conn == nil {
		return
	}
	conn.gone = true
	c.forget(now, conn)
}

// drop ends a connection, with a close frame where there is a reason. Frames queued before still go out.
func (c *Core) drop(now time.Time, conn *connection, reason *wire.Error) {
	c.dropWhen(-1, now, conn, reason)
}

// crowded is for how long a connection that is one too many, or too noisy, is to stay away.
const crowded = 10 * time.Second

// dropWhen is drop for a reason that an operation makes true.
func (c *Core) dropWhen(op int, now time.Time, conn *connection, reason *wire.Error) {
	e := effect{kind: effectDrop, conn: conn, op: op, from: len(c.out.bytes)}
	if reason != nil {
		e.code = reason.Code
		bye := wire.Close{Error: *reason}
		if reason.Code == wire.CodeRateLimited {
			bye.RetryAfter = int(crowded / time.Millisecond)
		}
		c.out.bytes = wire.AppendJSONFrame(c.out.bytes, wire.FrameClose, bye)
	}
	e.to = len(c.out.bytes)
	c.batch.effects = append(c.batch.effects, e)
	c.forget(now, conn)
}

func (c *Core) dropped(e *effect) {
	if e.conn.gone {
		return
	}
	e.conn.gone = true
	c.out.list = append(c.out.list, Output{Kind: OutputDrop, Conn: e.conn.id, Code: e.code, Bytes: c.out.bytes[e.from:e.to:e.to]})
}

// forget takes a connection out of everything; its sessions are away for the grace.
func (c *Core) forget(now time.Time, conn *connection) {
	if conn.ending {
		return
	}
	conn.ending = true
	if c.conns[conn.id] != conn {
		return // refused before it was taken in
	}
	delete(c.conns, conn.id)
	for _, t := range conn.tails { // in any order: each leaves another stream
		c.endTail(t)
	}
	conn.waiting, conn.reading = nil, nil
	c.letGo(now, conn, wire.StateAway)
	if conn.device == nil {
		c.unheard = leave(c.unheard, conn)
		return
	}
	c.welcomed = leave(c.welcomed, conn)
	conn.device.conns = slices.DeleteFunc(conn.device.conns, func(x *connection) bool { return x == conn })
	if len(conn.device.conns) == 0 {
		c.departures++
	}
}

// leave takes a connection out of a list in which it knows its index.
func leave(list []*connection, conn *connection) []*connection {
	last := list[len(list)-1]
	list[conn.index], last.index = last, conn.index
	list[len(list)-1] = nil
	return list[:len(list)-1]
}
