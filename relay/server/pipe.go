package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// stallLimit ends a connection whose kernel buffer took nothing for so long.
const stallLimit = 30 * time.Second

var errSlowReader = errors.New("more waits for this connection than it may hold back")

// pipe is the connection below a WebSocket. Write never waits: it hands the kernel what it takes at once, which is nearly
// always everything, and keeps the rest for a goroutine that lives only until that is written. So a mesh is never held up by
// one of its connections, and an idle connection costs no goroutine for writing.
//
// Where more than limit bytes would wait, Write fails with errSlowReader. A pipe that failed is closed.
type pipe struct {
	net.Conn
	limit int
	try   func([]byte) (int, error)

	// What follows belongs to who reads; only one goroutine does at a time.
	poll   func() (*input, int, error)
	unread []byte // of what came before, or of lent
	lent   *input

	mu      sync.Mutex
	waiting []byte
	backlog int // bytes that the kernel has not taken: waiting, and what drain has in hand
	err     error
	writing bool
	room    sync.Cond // signalled when the backlog shrank or the pipe broke
}

func newPipe(c net.Conn, limit int) *pipe {
	p := &pipe{Conn: c, limit: limit, try: nonblocking(c), poll: polling(c)}
	p.room.L = &p.mu
	return p
}

// Window implements websocket.Source: a buffer is held only while there is more in it.
func (p *pipe) Window() ([]byte, error) {
	if len(p.unread) > 0 {
		return p.unread, nil
	}
	lent, n, err := p.poll()
	if err != nil {
		return nil, err
	}
	p.lent, p.unread = lent, lent[:n]
	return p.unread, nil
}

// Take implements websocket.Source.
func (p *pipe) Take(n int) {
	if p.unread = p.unread[n:]; len(p.unread) == 0 {
		p.unread = nil
		if p.lent != nil {
			inputs.Put(p.lent)
			p.lent = nil
		}
	}
}

// Read implements websocket.Source.
func (p *pipe) Read(b []byte) (int, error) {
	if len(p.unread) == 0 && len(b) >= len(input{}) {
		return p.Conn.Read(b)
	}
	window, err := p.Window()
	n := copy(b, window)
	p.Take(n)
	return n, err
}

// Write takes all of b or fails; it keeps no reference to b.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write(b)
}

func (p *pipe) write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	rest := b
	if !p.writing {
		n, err := p.try(b)
		if err != nil {
			p.fail(err)
			return 0, err
		}
		rest = b[n:]
	}
	if len(rest) == 0 {
		return len(b), nil
	}
	if p.backlog+len(rest) > p.limit {
		p.fail(errSlowReader) // a part may be written, so nothing can follow
		return 0, errSlowReader
	}
	p.waiting = append(p.waiting, rest...)
	p.backlog += len(rest)
	if !p.writing {
		p.writing = true
		go p.drain()
	}
	return len(b), nil
}

// drain writes what waits until nothing does.
func (p *pipe) drain() {
	var spare []byte
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) > 0 && p.err == nil {
		chunk := p.waiting
		p.waiting = spare[:0]
		p.mu.Unlock()
		err := p.push(chunk)
		p.mu.Lock()
		p.backlog -= len(chunk)
		if err != nil {
			p.fail(err)
		}
		spare = chunk
		p.room.Broadcast()
	}
	p.writing = false
	p.waiting = nil // an idle connection holds no buffer
	p.room.Broadcast()
}

// push writes a chunk, in pieces so that a reader that is slow but alive is not taken for one that stalled.
func (p *pipe) push(chunk []byte) error {
	const piece = 64 << 10
	for len(chunk) > 0 {
		if err := p.Conn.SetWriteDeadline(time.Now().Add(stallLimit)); err != nil {
			return err
		}
		n, err := p.Conn.Write(chunk[:min(piece, len(chunk))])
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return errSlowReader
			}
			return err
		}
		chunk = chunk[n:]
	}
	return p.Conn.SetWriteDeadline(time.Time{})
}

// fail ends the connection, so that its reader finds out too.
func (p *pipe) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	_ = p.Conn.Close()
	p.room.Broadcast()
}

// pending is the number of bytes that the kernel has not taken yet.
func (p *pipe) pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.backlog
}

// slow reports whether the pipe broke because its reader did not read.
func (p *pipe) slow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Is(p.err, errSlowReader)
}

// settle waits until at most limit bytes wait or the pipe is broken, and reports which: nil is the former.
func (p *pipe) settle(limit int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.backlog > limit && p.err == nil {
		p.room.Wait()
	}
	return p.err
}

// Close ends the connection at once; what waits is lost.
func (p *pipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail(net.ErrClosed)
	return nil
}
