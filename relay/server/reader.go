package server

import (
	"errors"
	"io"
	"sync"

	"claudemesh.com/mesh/relay/websocket"
	"claudemesh.com/mesh/shared/wire"
)

// firstLimit bounds the first message of a connection in bytes: a hello, from somebody who has proved nothing yet.
const firstLimit = wire.FrameHeader + wire.MaxJSON

// message is one WebSocket message on its way to the mesh. It goes back to messages when its frames were handled.
type message struct {
	conn  *conn
	data  []byte
	rest  []byte // of data: the frames that were not handled yet
	large bool   // it counts among the mailbox's large ones
}

// settled ends that.
func (m *message) settled() {
	if m.large {
		m.large = false
		m.conn.actor.mail.large.give(1)
	}
}

var messages = sync.Pool{New: func() any { return &message{data: make([]byte, 0, 2<<10)} }}

func (m *message) release() {
	m.conn.input.give(len(m.data))
	m.conn.actor.mail.room.give(len(m.data))
	m.conn, m.data, m.rest = nil, m.data[:0], nil
	if cap(m.data) <= keepBuffer {
		messages.Put(m)
	}
}

// read hands every message of a connection to its mesh, until the one or the other ends; what then comes up to the peer's close
// frame is not looked at.
func (c *conn) read() error {
	limit := firstLimit
	for {
		m, err := c.next(limit)
		if m != nil && (err != nil || c.over()) {
			m.settled()
		}
		if c.over() && err == nil {
			return c.ignore()
		}
		if err != nil {
			var refusal *wire.Error
			if errors.As(err, &refusal) {
				c.end(refusal)
				return c.ignore()
			}
			return err
		}
		c.hub.meters.bytesIn.Add(len(m.data))
		taken := c.input.take(len(m.data)) && c.actor.mail.room.take(len(m.data))
		m.settled()
		if !taken || !c.hand(m, limit == firstLimit) {
			return c.ignore()
		}
		limit = wire.MaxSocketMessage
	}
}

// ignore reads to the end of the connection.
func (c *conn) ignore() error {
	for {
		if _, err := io.Copy(io.Discard, c.in); err != nil {
			return err
		}
		if _, err := c.in.Next(); err != nil {
			return err
		}
	}
}

// hand gives a message to the mesh; where nobody runs that, this goroutine does, so that a message needs no other. The first, with
// its hello, is left to another: signatures are checked deep in the stack, and a reader keeps its stack. False: the mesh is gone.
func (c *conn) hand(m *message, first bool) bool {
	if first {
		return c.actor.post(item{message: m})
	}
	run, ok := c.actor.mail.put(item{message: m})
	if run {
		c.actor.run(helping)
	}
	return ok
}

// next reads one message; a *wire.Error is the peer's fault, any other means that the connection is gone.
func (c *conn) next(limit int) (*message, error) {
	kind, err := c.in.Next()
	if err != nil {
		return nil, err
	}
	if kind != websocket.OpBinary {
		return nil, wire.Errorf(wire.CodeMalformed, "Frames are binary; this message was text.")
	}
	m := messages.Get().(*message)
	m.conn = c
	m.data, err = m.readUpTo(c.in, limit)
	m.rest = m.data
	if err == nil && len(m.data) == 0 {
		err = wire.Errorf(wire.CodeMalformed, "A message holds one frame or more; this one was empty.")
	}
	return m, err
}

// errNoMesh: nobody takes what the connection sends any more.
var errNoMesh = errors.New("the mesh is gone")

// readUpTo reads all of r and refuses more than limit bytes before it holds them. Above firstLimit it waits its turn.
func (m *message) readUpTo(r io.Reader, limit int) ([]byte, error) {
	b := m.data[:0]
	for {
		if len(b) > firstLimit && limit > firstLimit && !m.large {
			if !m.conn.actor.mail.large.take(1) {
				return b, errNoMesh
			}
			m.large = true
		}
		if len(b) > limit {
			return b, wire.Errorf(wire.CodeTooLarge, "A WebSocket message holds at most %d bytes here.", limit)
		}
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(2*cap(b), limit+1))
			copy(grown, b)
			b = grown
		}
		n, err := r.Read(b[len(b):min(cap(b), limit+1)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
