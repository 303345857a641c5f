package server

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/websocket"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// messageSize is the size in bytes from which frames leave in another WebSocket message, if they are not larger alone.
	messageSize = 256 << 10
	// controlRoom is what a pipe takes above the output limit, for close and pong frames.
	controlRoom = 64 << 10
	// partLimit is how long a peer has to answer a close frame, so that it is read before the connection goes.
	partLimit = 5 * time.Second
	// inputLimit is how many bytes of one connection may wait for its mesh.
	inputLimit = wire.MaxSocketMessage
)

// conn is one peer's WebSocket. Frames are queued and leave together when flush is called, in one WebSocket message and
// usually one system call. It never waits for the peer: one that does not read is closed with slow_reader once more than
// outputLimit bytes wait for it.
//
// All methods may be called from any goroutine.
type conn struct {
	id          mesh.ConnID
	from        netip.Prefix // whom it counts for
	pipe        *pipe
	in          *websocket.Reader
	outputLimit int
	input       *budget
	hub         *hub
	actor       *actor // of its mesh
	touched     bool   // the actor's: it is among those to be flushed

	mu     sync.Mutex
	queued []byte // frames that wait for flush, behind room for their head; nil while there are none
	pongs  int    // bytes of them since nothing waited
	ending bool   // a close frame was sent, or the connection is gone: nothing follows
}

// newConn is a conn of a hub, for a WebSocket that was just opened. early is what was read of it already.
func newConn(h *hub, c net.Conn, early []byte, from netip.Prefix) *conn {
	n := &conn{
		id: mesh.ConnID(h.lastConn.Add(1)), from: from, pipe: newPipe(c, h.output+controlRoom),
		outputLimit: h.output, input: newBudget(inputLimit), hub: h,
	}
	n.pipe.unread = early
	n.in = websocket.NewReader(n.pipe, n.control)
	return n
}

// queue copies whole frames to what the next flush sends.
func (c *conn) queue(frames []byte) {
	c.mu.Lock()
	slow := c.add(frames)
	c.mu.Unlock()
	if slow {
		c.end(wire.Refuse(wire.CodeSlowReader))
	}
}

func (c *conn) add(frames []byte) (slow bool) {
	if c.ending {
		return false
	}
	if c.pipe.pending()+len(c.queued)+len(frames) > c.outputLimit {
		return true
	}
	for len(frames) > 0 {
		n := wholeFrames(frames, messageSize)
		if len(c.queued)+n > websocket.MaxHead+messageSize {
			c.send(nil)
		}
		if c.queued == nil {
			c.queued = borrow()
		}
		c.queued = append(c.queued, frames[:n]...)
		frames = frames[n:]
	}
	return false
}

// wholeFrames is the size of as many whole frames as fit in limit bytes, and of one at least. frames holds whole frames.
func wholeFrames(frames []byte, limit int) int {
	if len(frames) <= limit {
		return len(frames)
	}
	n := 0
	for rest := frames; len(rest) > 0; {
		_, after, err := wire.NextFrame(rest)
		if err != nil {
			panic("server: the core gave something that is no frame") // it makes frames with package wire only
		}
		if size := len(frames) - len(after); n > 0 && size > limit {
			break
		} else {
			n = size
		}
		rest = after
	}
	return n
}

// flush sends what was queued.
func (c *conn) flush() {
	c.mu.Lock()
	c.send(nil)
	c.mu.Unlock()
}

// send writes what was queued as one message, and then a control frame where there is one. Where the pipe fails, the reader finds
// the connection broken too.
func (c *conn) send(control []byte) {
	b, start := c.queued, 0
	c.queued = nil
	if len(b) > websocket.MaxHead {
		start = websocket.PutHead(b, websocket.OpBinary, len(b)-websocket.MaxHead)
		c.hub.meters.bytesOut.Add(len(b) - websocket.MaxHead)
	} else if start = websocket.MaxHead; b == nil {
		if len(control) == 0 {
			return
		}
		b = borrow()
	}
	b = append(b, control...)
	_, _ = c.pipe.Write(b[start:])
	giveBack(b)
}

// end tells the peer why and when to come back, and closes. Later calls do nothing.
func (c *conn) end(why *wire.Error) {
	bye := wire.Close{Error: *why}
	if why.Retry {
		// Spread, so that peers that were sent away together do not come back together.
		bye.RetryAfter = 500 + rand.IntN(4500)
	}
	c.endWith(wire.AppendJSONFrame(nil, wire.FrameClose, bye), why.Code)
}

// endWith is end with a ready close frame, or with neither frame nor code after the peer said goodbye.
func (c *conn) endWith(frame []byte, code wire.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return
	}
	if len(frame) > 0 {
		if c.queued == nil {
			c.queued = borrow()
		}
		c.queued = append(c.queued, frame...)
	}
	c.gone(code)
	c.sayClose(statusOf(code), string(code))
}

// gone lets the mesh know that nothing more will come. It comes before the peer is told, who may look at what is counted.
func (c *conn) gone(code wire.Code) {
	c.ending = true
	c.hub.meters.closedWith(code)
	c.input.end()
	c.actor.post(item{closed: c})
}

// sayClose sends a close frame, behind what is queued. The peer has some time to answer.
func (c *conn) sayClose(status websocket.Status, reason string) {
	c.send(websocket.AppendClose(nil, status, reason))
	_ = c.pipe.SetReadDeadline(time.Now().Add(partLimit))
}

// errParted: the peer sent a close frame, and nothing follows.
var errParted = errors.New("the peer closed the WebSocket")

// control answers what a peer's WebSocket sends beside messages.
func (c *conn) control(op websocket.Op, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch op {
	case websocket.OpPing:
		if !c.ending && c.mayPong(len(payload)) {
			c.send(websocket.AppendControl(nil, websocket.OpPong, payload))
		}
	case websocket.OpClose:
		if err := websocket.CheckClose(payload); err != nil {
			return err
		}
		if !c.ending {
			c.gone(closedGone)
			c.send(websocket.AppendControl(nil, websocket.OpClose, payload[:min(len(payload), 2)]))
		}
		return errParted
	}
	return nil
}

// mayPong reports whether a pong may join what waits, or would be one too many of a peer that pings and does not read. Such a peer may
// have proved nothing; its later pings are answered when it has read.
func (c *conn) mayPong(payload int) bool {
	if c.pipe.pending() == 0 {
		c.pongs = 0
	}
	const head = 2
	if c.pongs+head+payload > controlRoom/2 {
		return false
	}
	c.pongs += head + payload
	return true
}

// serve reads the connection until it is gone, and forgets it.
func (c *conn) serve() {
	err := c.read()
	c.mu.Lock()
	if !c.ending {
		why := wire.Code(closedGone)
		if c.pipe.slow() {
			why = wire.CodeSlowReader
		}
		c.gone(why)
		if errors.Is(err, websocket.ErrProtocol) {
			c.sayClose(websocket.StatusProtocolError, "")
		}
	}
	c.mu.Unlock()
	_ = c.pipe.Close()
	c.hub.closed(c)
}

// statusOf is the WebSocket close code of a refusal: 4000 and the code's HTTP status.
func statusOf(code wire.Code) websocket.Status {
	if code == "" {
		return websocket.StatusNormal
	}
	return websocket.Status(4000 + code.Info().Status)
}

// over reports whether the connection is being closed.
func (c *conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// abort ends the connection at once, without a word.
func (c *conn) abort() { _ = c.pipe.Close() }
