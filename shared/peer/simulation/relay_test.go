package simulation

import (
	"context"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

const origin = "https://relay.test"

// relayNode is the relay: a core, its store, and the adapter between them. The adapter can be planted with a bug.
type relayNode struct {
	w     *world
	mesh  wire.MeshID
	store disk
	core  *mesh.Core
	conns mesh.ConnID
	open  map[mesh.ConnID]*conn

	waiting  []func() // events that came while a batch was in flight
	inflight bool
	life     int  // rises with each start: what a dead core scheduled means nothing
	ticks    int  // rises with each tick that was scheduled
	stirred  bool // it will hear that other nodes changed something
	requests mesh.RequestID
	answers  map[mesh.RequestID]func(*mesh.Answer)

	keep    uint64    // how many entries of each stream are kept; 0: all
	sends   mesh.Rate // how much a member may send; zero: without limit
	appends mesh.Rate // likewise how many statements and cards
	plant   plant
}

func newRelayNode(w *world) *relayNode {
	return &relayNode{
		w: w, store: memory.New(w.now), open: map[mesh.ConnID]*conn{}, answers: map[mesh.RequestID]func(*mesh.Answer){},
		plant: plant{last: map[wire.DeviceID]uint64{}},
	}
}

// create makes the mesh.
func (r *relayNode) create(statements [][]byte) (mesh.Created, error) {
	batch, err := mesh.Create(r.w.now, statements)
	if err != nil {
		return mesh.Created{}, err
	}
	verdicts, err := r.commit(copyBatch(batch))
	if err != nil {
		return mesh.Created{}, err
	}
	for _, node := range r.w.relays {
		node.mesh = batch.Mesh
		node.boot()
	}
	return mesh.ReadCreated(batch, verdicts[0], nil)
}

// boot starts the relay on what its store holds.
func (r *relayNode) boot() {
	snapshot, err := r.store.Load(context.Background(), r.mesh)
	if err != nil {
		r.w.fail("the relay's store does not load: %v", err)
		return
	}
	if r.plant.forgetful {
		snapshot.Counters = nil
	}
	config := mesh.DefaultConfig(origin)
	config.Appends, config.Shows, config.Sends = r.appends, r.appends, r.sends
	config.Node = r.node()
	config.Keep = mesh.Retention{Count: r.keep}
	core, err := mesh.New(config, snapshot, r.w.now)
	if err != nil {
		r.w.fail("the relay does not start: %v", err)
		return
	}
	r.core, r.inflight, r.waiting = core, false, nil
	r.life++
	r.schedule()
}

// crash ends the relay as a power cut does; it starts again on what was committed.
func (r *relayNode) crash(reason string) {
	r.w.note("the relay crashes %s", reason)
	r.store = reopen(r.store, r.w.now)
	r.moved()
	at := r.w.now
	r.plant.record(func(s *memory.Store) *memory.Store { return s.Reopen(at) })
	r.start()
}

func (r *relayNode) opened(c *conn) {
	r.open[c.id] = c
	r.event(mesh.Event{Kind: mesh.EventOpened, Conn: c.id})
}

func (r *relayNode) closed(c *conn) {
	if r.open[c.id] == c {
		delete(r.open, c.id)
		r.event(mesh.Event{Kind: mesh.EventClosed, Conn: c.id})
	}
}

// received hands over the frames of a message.
func (r *relayNode) received(c *conn, message []byte) {
	if r.open[c.id] != c {
		return
	}
	for len(message) > 0 {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			r.w.fail("%s sent a frame that does not parse: %v", c.peer.name, err)
			return
		}
		message = rest
		if r.plant.overhears(r.w, f) {
			continue
		}
		r.event(mesh.Event{Kind: mesh.EventReceived, Conn: c.id, Frame: f})
	}
}

func (r *relayNode) ask(ev mesh.Event, answer func(*mesh.Answer)) {
	r.requests++
	ev.Request = r.requests
	r.answers[r.requests] = answer
	r.event(ev)
}

// event hands an event to the core, or lets it wait for the batch in flight.
func (r *relayNode) event(ev mesh.Event) {
	handle := func() { r.core.Handle(r.w.now, r.w.entropy, ev) }
	if r.inflight {
		r.waiting = append(r.waiting, handle)
		return
	}
	handle()
	r.take()
	r.loseLease()
	if r.w.happens(r.w.faults.relayCrash) {
		r.crash("between commits")
	}
}

// take begins the next batch.
func (r *relayNode) take() {
	for !r.inflight {
		for _, handle := range r.waiting {
			handle()
		}
		r.waiting = nil
		batch := r.core.Take()
		if batch.Empty() {
			r.release(r.core.Committed(r.w.now, nil))
			if len(r.waiting) == 0 {
				break
			}
			continue
		}
		r.inflight = true
		copied := copyBatch(batch)
		if r.plant.early {
			r.release(r.core.Committed(r.w.now, r.plant.foresee(batch)))
		}
		life := r.life
		r.w.after(r.w.delay(r.w.faults.slowCommit), func() {
			if r.life == life {
				r.finish(copied)
			}
		})
	}
	r.schedule()
}

// release lets outputs go.
func (r *relayNode) release(outputs []mesh.Output) {
	for _, o := range outputs {
		c := r.open[o.Conn]
		switch o.Kind {
		case mesh.OutputSend, mesh.OutputDrop:
			if c == nil {
				continue
			}
			if len(o.Bytes) > 0 {
				c.sendToPeer(append([]byte(nil), o.Bytes...))
				r.plant.tellDelivered(c, o.Bytes)
			}
			if o.Kind == mesh.OutputDrop {
				delete(r.open, c.id)
				c.closedByRelay()
			}
		case mesh.OutputRead:
			r.read(c, o)
		case mesh.OutputElsewhere:
			r.elsewhere(o.Since)
		case mesh.OutputFollow:
			r.follow(o)
		case mesh.OutputReload:
			r.reload("because another writer moved the mesh")
			return
		case mesh.OutputAnswer:
			if answer := r.answers[o.Answer.Request]; answer != nil {
				delete(r.answers, o.Answer.Request)
				copied := *o.Answer
				r.w.after(0, func() { answer(&copied) })
			}
		}
	}
}

// pageBytes is small, so that catching up takes several reads.
const pageBytes = 2000

// read reads from the store straight to the connection.
func (r *relayNode) read(c *conn, o mesh.Output) {
	life := r.life
	r.w.after(r.w.delay(r.w.faults.slowCommit), func() {
		if r.life != life || c == nil || r.open[c.id] != c {
			return
		}
		page, err := r.store.Read(context.Background(), r.mesh, o.Stream, o.After, pageBytes)
		var frames []byte
		if err == nil {
			r.plant.hide(&page, o.After)
			frames, err = mesh.AppendPage(nil, o.Stream, o.Device, &page)
		}
		if err != nil {
			r.w.fail("the relay does not read %v: %v", o.Stream, err)
			return
		}
		if len(frames) > 0 {
			c.sendToPeer(frames)
		}
		r.event(mesh.Event{Kind: mesh.EventReadDone, Conn: c.id, Tag: o.Tag, Last: page.Last(o.After)})
	})
}

// schedule lets the core know the time when it wants to.
func (r *relayNode) schedule() {
	at := r.core.Deadline()
	if at.IsZero() {
		return
	}
	r.ticks++
	life, tick := r.life, r.ticks
	r.w.after(max(at.Sub(r.w.now), time.Millisecond), func() {
		if r.life == life && r.ticks == tick {
			r.event(mesh.Event{Kind: mesh.EventTick})
		}
	})
}

// entries are what a stream holds.
func (r *relayNode) entries(stream wire.Stream) []mesh.Entry {
	page, err := r.store.Read(context.Background(), r.mesh, stream, 0, 1<<30)
	if err != nil {
		r.w.fail("the relay does not read %v: %v", stream, err)
	}
	return page.Entries
}
