package driver

import (
	"context"
	"sync"
	"time"

	"claudemesh.com/mesh/shared/peer"
)

// connection is one open WebSocket: a reader that is held back while the core is busy, and a writer.
type connection struct {
	ws     Conn
	number uint64

	mu      sync.Mutex
	out     [][]byte
	writing bool // the writer holds what it took from out
	ready   chan struct{}
	drained chan struct{} // closed and replaced when out was written
	hung    *peer.Hangup
	gone    chan struct{} // closed by hangUp
}

// readAhead is how many WebSocket messages wait for the core; together they share a commit.
const readAhead = 16

// farewell is how long a program that stops waits for its last frames to be written.
const farewell = 2 * time.Second

func newConnection(ws Conn, number uint64) *connection {
	return &connection{ws: ws, number: number, ready: make(chan struct{}, 1), drained: make(chan struct{}), gone: make(chan struct{})}
}

// write queues frames. How much can wait is bounded by the core: it sends no more than the relay has answered for.
func (c *connection) write(frames []byte) {
	c.mu.Lock()
	c.out = append(c.out, frames)
	c.mu.Unlock()
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// hangUp ends the connection from this side.
func (c *connection) hangUp(why peer.Hangup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hung == nil {
		c.hung = &why
		close(c.gone)
	}
}

func (c *connection) retryAfter() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hung == nil {
		return 0
	}
	return c.hung.RetryAfter
}

// serve moves messages both ways until the connection ends. The error is why it was lost; nil where this side ended it.
func (c *connection) serve(ctx context.Context, d *Driver) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var pumps sync.WaitGroup
	read := make(chan []byte, readAhead)
	lost := make(chan error, 2)
	pumps.Go(func() { lost <- c.read(running, read) })
	pumps.Go(func() { lost <- c.flush(running) })
	err := c.take(ctx, d, read, lost)
	if ctx.Err() != nil {
		c.sayGoodBye(d)
	}
	stop()
	_ = c.ws.Close(1000, "")
	pumps.Wait()
	return err
}

// take hands what is read to the core until something ends the connection.
func (c *connection) take(ctx context.Context, d *Driver, read <-chan []byte, lost <-chan error) error {
	for {
		select {
		case message := <-read:
			c.hand(d, message, read)
		case err := <-lost:
			for len(read) > 0 { // what came before the end counts: it may say why
				c.hand(d, <-read, read)
			}
			return err
		case <-c.gone:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// hand gives the core a message and all that wait behind it: they share one commit.
func (c *connection) hand(d *Driver, message []byte, read <-chan []byte) {
	inputs := []peer.Input{peer.Heard{Conn: c.number, Message: message}}
	for len(read) > 0 {
		inputs = append(inputs, peer.Heard{Conn: c.number, Message: <-read})
	}
	d.step(inputs...)
}

func (c *connection) read(ctx context.Context, out chan<- []byte) error {
	for {
		message, err := c.ws.Read(ctx)
		if err != nil {
			return err
		}
		select {
		case out <- message:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// flush writes what was queued, as few messages as there are.
func (c *connection) flush(ctx context.Context) error {
	for {
		select {
		case <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
		out := c.out
		c.out, c.writing = nil, true
		c.mu.Unlock()
		for _, frames := range out {
			if err := c.ws.Write(ctx, frames); err != nil {
				return err
			}
		}
		c.mu.Lock()
		c.writing = false
		if len(c.out) == 0 {
			close(c.drained)
			c.drained = make(chan struct{})
		}
		c.mu.Unlock()
	}
}

// sayGoodBye tells the relay that the session is over, and waits a little for that to be written.
func (c *connection) sayGoodBye(d *Driver) {
	d.step(peer.GoodBye{})
	c.mu.Lock()
	drained, waiting := c.drained, c.writing || len(c.out) > 0
	c.mu.Unlock()
	if !waiting {
		return
	}
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C:
	case <-c.gone:
	}
}
