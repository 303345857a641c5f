package websocket

import (
	"context"
	"sync"

	"claudemesh.com/mesh/shared/wire"
)

// Bounds of what a connection holds for its reader.
const (
	MaxQueued      = 1024
	MaxQueuedBytes = 8 << 20
)

// A queue passes messages from the browser's events, which cannot wait, to a reader that can. One reader; any number of
// goroutines may push and end.
type queue struct {
	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	end     error
	// changed holds one token when something came since the reader last looked.
	changed chan struct{}
}

func newQueue() *queue { return &queue{changed: make(chan struct{}, 1)} }

// push adds a message. The one that does not fit ends the queue with slow_reader and is given up; push then reports it.
// After the end messages are dropped silently: they came too late.
func (q *queue) push(message []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end != nil {
		return nil
	}
	if len(q.waiting) == MaxQueued || q.bytes+len(message) > MaxQueuedBytes {
		q.end = wire.Refuse(wire.CodeSlowReader)
		q.wake()
		return q.end
	}
	q.waiting = append(q.waiting, message)
	q.bytes += len(message)
	q.wake()
	return nil
}

// finish makes pop give err once all messages are read; the first end stands.
func (q *queue) finish(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = err
		q.wake()
	}
}

func (q *queue) pop(ctx context.Context) ([]byte, error) {
	for {
		message, err := q.take()
		if message != nil || err != nil {
			return message, err
		}
		select {
		case <-q.changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *queue) take() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil, q.end
	}
	message := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	q.bytes -= len(message)
	return message, nil
}

func (q *queue) wake() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}
