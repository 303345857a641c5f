package server

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// hub holds the meshes that are in memory, and the connections to them. A mesh is loaded when it is first asked for, and
// forgotten when nothing needs it or its state became doubtful.
type hub struct {
	store     store.Store
	instant   bool // it is a store.Instant
	config    mesh.Config
	output    int
	log       *slog.Logger
	committer *committer
	meters    *meters
	crowd     *crowd
	stop      chan struct{} // closed when the relay drains
	unwatch   func()        // ends the look at what other nodes do; nil: there are none
	lastConn  atomic.Uint64

	unasked  seldom // of what other nodes do
	unstored seldom // meshes that were dropped because the store was gone

	// In the cores, as far as their actors told.
	connections, welcomed atomic.Int64

	actors  sync.WaitGroup
	uses    sync.WaitGroup // of the committer and the store by others than actors
	sockets sync.WaitGroup // goroutines that read from, write to or close connections, or read the store for a mesh
	follows chan struct{}  // holds a token for each stream that is read for those who are live

	mu       sync.Mutex
	meshes   map[wire.MeshID]*actor
	live     map[*conn]struct{}
	draining bool
	lost     bool // this node lost its lease, and did not join again yet
}

func newHub(c Config) *hub {
	h := &hub{
		store: c.Store, config: c.Mesh, output: c.Output, log: c.Log,
		stop:    make(chan struct{}),
		follows: make(chan struct{}, followsAtOnce),
		unasked: seldom{log: c.Log}, unstored: seldom{log: c.Log},
		meshes: map[wire.MeshID]*actor{},
		live:   map[*conn]struct{}{},
	}
	_, h.instant = c.Store.(store.Instant)
	h.meters = newMeters(c.Metrics, h)
	h.crowd = newCrowd(c.Limits.Connections, c.Limits.AddressConnections)
	h.committer = newCommitter(c.Store, h.meters)
	h.uses.Go(h.retain)
	h.uses.Go(func() { h.retainRecords(c.Audit) })
	if shared, ok := c.Store.(store.Shared); ok {
		ctx, cancel := context.WithCancel(context.Background())
		h.unwatch = cancel
		h.uses.Go(func() { h.watch(ctx, shared) })
	}
	return h
}

// takes is why nothing new can be taken, or nil.
func (h *hub) takes() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mayTake()
}

// mayTake is takes with the lock held.
func (h *hub) mayTake() error {
	switch {
	case h.draining:
		return wire.Refuse(wire.CodeDraining)
	case h.lost:
		return wire.Refuse(wire.CodeUnavailable)
	}
	return nil
}

// mesh finds the actor of a mesh, starting it where there is none. It is called with the lock held, and so is what then puts
// something into the actor's mailbox: a mailbox is closed under the lock, in one act with leaving the hub.
func (h *hub) mesh(id wire.MeshID) (*actor, error) {
	if err := h.mayTake(); err != nil {
		return nil, err
	}
	a := h.meshes[id]
	if a == nil {
		a = newActor(h, id)
		h.meshes[id] = a
		h.actors.Add(1)
		go a.run(endless)
	}
	return a, nil
}

// retire takes an idle actor out of the hub, unless it got mail meanwhile.
func (h *hub) retire(a *actor) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !a.mail.closeEmpty() {
		return false
	}
	delete(h.meshes, a.id)
	return true
}

// forget takes an actor that failed out of the hub and gives the mail that it did not handle.
func (h *hub) forget(a *actor) []item {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.meshes, a.id)
	return a.mail.close()
}

// open puts a connection on a mesh. A goroutine reads it from then on.
func (h *hub) open(id wire.MeshID, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.meters.opened.Add(1)
	a, err := h.mesh(id)
	if err != nil {
		h.meters.closedWith(wire.CodeOf(err))
		// Between checkUpgrade and here the relay began to drain, or lost its lease; waiting for a farewell would hold it up.
		_ = c.pipe.Close()
		h.crowd.leave(c.from)
		return
	}
	c.actor = a
	h.live[c] = struct{}{}
	a.post(item{opened: c})
	h.sockets.Go(c.serve)
}

// closed forgets a connection.
func (h *hub) closed(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.live, c)
	h.crowd.leave(c.from)
}

func (h *hub) stopping() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}

// ask gives a mesh a request and waits for its answer.
func (h *hub) ask(ctx context.Context, id wire.MeshID, ev mesh.Event) (*mesh.Answer, error) {
	answer := make(chan *mesh.Answer, 1)
	if err := h.post(id, item{request: &request{ev, answer}}); err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		if a.Err != nil {
			return nil, a.Err
		}
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *hub) post(id wire.MeshID, i item) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	a, err := h.mesh(id)
	if err == nil {
		a.post(i)
	}
	return err
}

// use is to be called before the committer is used from outside of an actor, and done after it.
func (h *hub) use() (done func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.mayTake(); err != nil {
		return nil, err
	}
	h.uses.Add(1)
	return h.uses.Done, nil
}

// drain takes nothing new, carries out and commits what was taken, tells every peer to come back later, and waits until
// they are gone; when ctx ends first, their connections are cut. It is called once.
func (h *hub) drain(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	close(h.stop)
	for _, a := range h.meshes {
		a.wake()
	}
	h.mu.Unlock()
	if h.unwatch != nil {
		h.unwatch()
	}
	h.actors.Wait()
	h.uses.Wait()
	gone := make(chan struct{})
	go func() {
		h.sockets.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return
	case <-ctx.Done():
	}
	h.mu.Lock()
	for c := range h.live {
		c.abort()
	}
	h.mu.Unlock()
	<-gone
}
