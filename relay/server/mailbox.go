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

// mailbox holds what waits for one mesh, and says who runs it: one goroutine at a time, which took it and gives it back only
// when nothing waits. So what is put is never left lying: either somebody runs the mesh and will look again, or the one that put
// it is told to. Putting never waits: what connections can put is bounded by budgets, what HTTP can by its requests.
type mailbox struct {
	room  *budget // for the messages of all its connections
	large *budget // for those above firstLimit, from there until they are in room

	mu     sync.Mutex
	items  []item
	taken  bool // a goroutine runs the mesh
	woken  bool // it is to look once more, though there may be no item
	closed bool
}

// largeInputs is how many messages above firstLimit may be on their way to a mesh at once. Their connections may be slow, and
// many: without a bound a member could have the relay hold the beginnings of thousands.
const largeInputs = 64

// meshInputLimit is how many bytes of all connections of a mesh may wait for it.
const meshInputLimit = 16 * inputLimit

// newMailbox is taken by its maker.
func newMailbox() mailbox {
	return mailbox{room: newBudget(meshInputLimit), large: newBudget(largeInputs), taken: true}
}

// put adds an item. run: nobody runs the mesh, so the caller is to. Not ok: the mailbox is closed.
func (b *mailbox) put(i item) (run, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, false
	}
	b.items = append(b.items, i)
	run = !b.taken
	b.taken = true
	return run, true
}

// wake has somebody look at the mesh without an item; run is as with put.
func (b *mailbox) wake() (run bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.woken = true
	run = !b.taken
	b.taken = true
	return run
}

// giveBack ends the caller's running of the mesh; false: something came, and the caller goes on.
func (b *mailbox) giveBack() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = len(b.items) > 0 || b.woken
	return !b.taken
}

// take empties the mailbox; room becomes its next buffer.
func (b *mailbox) take(room []item) []item {
	clear(room)
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items, b.woken = room[:0], false
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
