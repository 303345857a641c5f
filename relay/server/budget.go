package server

import "sync"

// budget bounds how many bytes of frames wait for a mesh. A reader that is over it stops reading, so that the peer's own
// socket fills up.
type budget struct {
	limit int

	mu     sync.Mutex
	change sync.Cond
	used   int
	ended  bool
}

func newBudget(limit int) *budget {
	b := &budget{limit: limit}
	b.change.L = &b.mu
	return b
}

// take waits until n bytes fit, or nothing else is held; false means that the budget has ended.
func (b *budget) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.ended && b.used > 0 && b.used+n > b.limit {
		b.change.Wait()
	}
	b.used += n
	return !b.ended
}

// give returns n bytes.
func (b *budget) give(n int) {
	b.mu.Lock()
	b.used -= n
	b.mu.Unlock()
	b.change.Broadcast()
}

// held is what was taken and not given back.
func (b *budget) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// end lets every taker go.
func (b *budget) end() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.change.Broadcast()
}
