package daemon

import (
	"sync"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/wire"
)

// writer commits rows from a goroutine of its own, in the order in which they were added, as many at once as have gathered.
type writer struct {
	rows *kv.Rows
	log  func(string)
	// failed is called, from that goroutine, when a commit failed; what it should have written is lost.
	failed func()

	mu      sync.Mutex
	pending map[string][]byte
	added   uint64        // number of the last rows that were added
	done    uint64        // all up to this one are written, or lost
	broken  uint64        // all up to this one that were waited for when a commit failed
	moved   chan struct{} // closed and replaced when done moved
	wake    chan struct{}
	sync    chan struct{}
	closed  bool
	ended   sync.WaitGroup
}

func newWriter(rows *kv.Rows, log func(string)) *writer {
	w := &writer{
		rows: rows, log: log, pending: map[string][]byte{}, moved: make(chan struct{}),
		wake: make(chan struct{}, 1), sync: make(chan struct{}, 1),
	}
	w.ended.Go(w.write)
	w.ended.Go(w.flush)
	return w
}

// add queues rows and gives their number. It does no I/O, so that it may be called under a mutex that decides their order.
func (w *writer) add(rows []agent.Row) (number uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(rows) == 0 || w.closed {
		return w.added
	}
	for _, row := range rows {
		w.pending[string(row.Key)] = row.Value
	}
	w.added++
	poke(w.wake)
	return w.added
}

// wait returns when everything up to a number is written.
func (w *writer) wait(number uint64) error {
	for {
		w.mu.Lock()
		done, broken, moved := w.done, w.broken, w.moved
		w.mu.Unlock()
		if done >= number {
			if number <= broken {
				return wire.Errorf(wire.CodeStorage, "What agents have not taken could not be stored.")
			}
			return nil
		}
		<-moved
	}
}

// durable asks for what is written to outlive a power cut soon; nobody waits for it.
func (w *writer) durable() { poke(w.sync) }

func (w *writer) write() {
	for range w.wake {
		w.mu.Lock()
		pending, number, closed := w.pending, w.added, w.closed
		w.pending = map[string][]byte{}
		w.mu.Unlock()
		rows := make([]agent.Row, 0, len(pending))
		for key, value := range pending {
			rows = append(rows, agent.Row{Key: []byte(key), Value: value})
		}
		err := w.rows.Commit(rows)
		if err != nil {
			w.log(err.Error())
			if w.failed != nil {
				w.failed()
			}
		}
		w.mu.Lock()
		if err != nil {
			w.broken = number
		}
		w.done = number
		close(w.moved)
		w.moved = make(chan struct{})
		w.mu.Unlock()
		if closed {
			return
		}
	}
}

func (w *writer) flush() {
	for range w.sync {
		if err := w.rows.Sync(); err != nil {
			w.log(err.Error())
		}
		w.mu.Lock()
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
	}
}

// close writes what is queued and closes the rows.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	poke(w.wake)
	poke(w.sync)
	w.ended.Wait()
	if err := w.rows.Close(); err != nil {
		w.log(err.Error())
	}
}

// poke wakes whoever reads from a channel of one.
func poke(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
