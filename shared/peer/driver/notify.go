package driver

import (
	"sync"

	"claudemesh.com/mesh/shared/peer"
)

// notifier calls listeners for events, one after another and outside every lock, from a goroutine that lasts while there
// is something to tell.
type notifier struct {
	// load completes an event whose message is in the store; false: it is not there any more.
	load func(row []byte) (*peer.MessageView, bool)

	mu        sync.Mutex
	next      int
	listeners []listener
	queue     []peer.Notify
	telling   bool
	closed    bool
	idle      sync.WaitGroup
}

type listener struct {
	id   int
	call func(peer.Event)
}

func (n *notifier) subscribe(call func(peer.Event)) (cancel func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next++
	id := n.next
	n.listeners = append(n.listeners, listener{id, call})
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		var left []listener
		for _, l := range n.listeners {
			if l.id != id {
				left = append(left, l)
			}
		}
		n.listeners = left
	}
}

func (n *notifier) add(o peer.Notify) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.listeners) == 0 || n.closed {
		return
	}
	n.queue = append(n.queue, o)
	if !n.telling {
		n.telling = true
		n.idle.Go(n.tell)
	}
}

func (n *notifier) tell() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.telling = false
			n.mu.Unlock()
			return
		}
		o, listeners := n.queue[0], n.listeners
		n.queue = n.queue[1:]
		n.mu.Unlock()
		if o.Row != nil {
			message, ok := n.load(o.Row)
			if !ok {
				continue
			}
			o.Event.Message = message
		}
		for _, l := range listeners {
			l.call(o.Event)
		}
	}
}

// close returns when every event was told; later ones are not.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.idle.Wait()
}
