package server

import (
	"sync"

	"claudemesh.com/mesh/relay/mesh"
)

// item is one thing for a mesh to handle; exactly one of its fields is set.
type item struct {
	opened  *conn
	message *message
	closed  *conn
	event   *mesh.Event // EventReadDone and what comes of other nodes
	request *request
}

// request is a look-up or a claim; answer has room for the one answer.
type request struct {
	event  mesh.Event
	answer chan<- *mesh.Answer
}

// mailbox holds what waits for one mesh. Putting never waits: what connections can put is bounded by budgets,
// what HTTP can by its requests.
type mailbox struct {
	wake  chan struct{} // holds a token while there may be something to take
	room  *budget       // for the messages of all its connections
	large *budget       // for those above firstLimit, from there until they are in room

	mu     sync.Mutex
	items  []item
	closed bool
}

// largeInputs is how many messages above firstLimit may be on their way to a mesh at once. Their connections may be slow, and
// many: without a bound a member could have the relay hold the beginnings of thousands.
const largeInputs = 64

// meshInputLimit is how many bytes of all connections of a mesh may wait for it.
const meshInputLimit = 16 * inputLimit

func newMailbox() mailbox {
	return mailbox{wake: make(chan struct{}, 1), room: newBudget(meshInputLimit), large: newBudget(largeInputs)}
}

// put adds an item; false means that the mailbox is closed.
func (b *mailbox) put(i item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.items = append(b.items, i)
	b.poke()
	return true
}

// poke has whoever waits for mail look around.
func (b *mailbox) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take empties the mailbox; room becomes its next buffer.
func (b *mailbox) take(room []item) []item {
	clear(room)
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = room[:0]
	return items
}

// close takes no more and gives what is left.
func (b *mailbox) close() []item {
	b.room.end()
	b.large.end()
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items, b.closed = nil, true
	return items
}

// closeEmpty closes the mailbox where nothing waits.
func (b *mailbox) closeEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = len(b.items) == 0
	return b.closed
}
