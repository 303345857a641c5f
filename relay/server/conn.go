package server

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// messageSize is the size in bytes from which frames leave in another WebSocket message, if they are not larger alone.
	messageSize = 256 << 10
	// controlRoom is what a pipe takes above the output limit, for close and pong frames.
	controlRoom = 64 << 10
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
	ws          *websocket.Conn
	pipe        *pipe
	outputLimit int
	input       *budget
	hub         *hub
	actor       *actor // of its mesh
	touched     bool   // the actor's: it is among those to be flushed

	mu     sync.Mutex
	queued []byte // frames that wait for flush; nil while there are none
	ending bool
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
		if len(c.queued)+n > messageSize {
			c.send()
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
	c.send()
	c.mu.Unlock()
}

func (c *conn) send() {
	if len(c.queued) == 0 {
		return
	}
	// The pipe never waits, so there is nothing for a context to end. Where it fails, the reader finds the connection
	// broken too.
	c.pipe.hold()
	_ = c.ws.Write(context.Background(), websocket.MessageBinary, c.queued)
	c.pipe.letGo()
	giveBack(c.queued)
	c.queued = nil
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
	c.ending = true
	c.queued = append(c.queued, frame...)
	c.send()
	c.input.end()
	c.actor.post(item{closed: c})
	c.hub.sockets.Go(func() {
		// Waits some seconds for the peer's answer, so that the close frame is read before the connection goes.
		_ = c.ws.Close(statusOf(code), string(code))
		c.hub.closed(c)
	})
}

// hangUp is called when the peer is gone, or nobody takes what it sends.
func (c *conn) hangUp() {
	c.mu.Lock()
	ending := c.ending
	c.ending = true
	c.mu.Unlock()
	if ending {
		return
	}
	c.actor.post(item{closed: c})
	_ = c.ws.CloseNow()
	c.hub.closed(c)
}

// statusOf is the WebSocket close code of a refusal: 4000 and the code's HTTP status.
func statusOf(code wire.Code) websocket.StatusCode {
	if code == "" {
		return websocket.StatusNormalClosure
	}
	return websocket.StatusCode(4000 + code.Info().Status)
}

// over reports whether the connection is being closed.
func (c *conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// abort ends the connection at once, without a word.
func (c *conn) abort() { _ = c.pipe.Close() }
