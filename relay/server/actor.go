package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// idleAfter is how long a mesh that nothing is connected to stays in memory.
const idleAfter = time.Minute

var (
	// errIdle ends an actor that nobody needs.
	errIdle = errors.New("idle")
	// errMoved ends one whose mesh another writer moved.
	errMoved = fmt.Errorf("another writer moved the mesh: %w", wire.Refuse(wire.CodeUnavailable))
)

// actor runs one mesh's core: it gathers what waits, has the core handle it, commits what that wants committed, and lets the
// outputs go. What comes during a commit makes the next batch. It has no goroutine of its own: the mailbox says who runs it, and
// see run for how long.
type actor struct {
	hub  *hub
	id   wire.MeshID
	mail mailbox
	lost atomic.Bool // its state is that of a node that this process is no more

	// What follows belongs to who runs it.
	core     *mesh.Core
	spare    []item // what was taken from the mail last
	todo     []item // of that: not handled yet
	conns    map[mesh.ConnID]*conn
	requests map[mesh.RequestID]chan<- *mesh.Answer
	last     mesh.RequestID
	touched  []*conn    // have frames to flush
	batch    mesh.Batch // was gathered and is to be settled, if gathered is set
	gathered bool
	busy     time.Time // when it last had something to do
	alarm    *time.Timer
	rings    time.Time // when alarm does

	// What it told the hub that the core has.
	connections, welcomed int
}

// newActor is taken by its maker, who is to run it.
func newActor(hub *hub, id wire.MeshID) *actor {
	return &actor{
		hub: hub, id: id, mail: newMailbox(),
		conns:    map[mesh.ConnID]*conn{},
		requests: map[mesh.RequestID]chan<- *mesh.Answer{},
	}
}

// post gives the actor an item; false means that it has ended.
func (a *actor) post(i item) bool {
	run, ok := a.mail.put(i)
	if run {
		go a.run(endless)
	}
	return ok
}

// wake has the actor look for what is to be done without an item: its time has come, or the relay drains.
func (a *actor) wake() {
	if a.mail.wake() {
		go a.run(endless)
	}
}

// finish ends the actor.
func (a *actor) finish(err error) {
	defer a.hub.actors.Done()
	if a.alarm != nil {
		a.alarm.Stop()
	}
	if errors.Is(err, errIdle) {
		return
	}
	left := a.hub.forget(a)
	a.tell(0, 0)
	a.hub.meters.dropped.With(string(wire.CodeOf(err))).Add(1)
	const message = "a mesh was dropped from memory"
	switch code := wire.CodeOf(err); {
	case code == wire.CodeDraining, code == wire.CodeUnknownMesh:
	case code == wire.CodeUnavailable && !errors.Is(err, store.ErrDamaged):
		a.hub.unstored.error(message, "mesh", a.id, "error", err)
	default:
		a.hub.log.Error(message, "mesh", a.id, "error", err)
	}
	a.abandon(append(a.todo, left...), wire.AsError(err))
}

// batchFrames is how many frames share a batch at most. An answer can be a hundred times as large as the frame that asks for
// it, so what waits could else make the core hold gigabytes before the first connection is found to read too slowly.
const batchFrames = 4096

// gather has the core handle what waits.
func (a *actor) gather(now time.Time) {
	for n := 0; n < batchFrames && len(a.todo) > 0; {
		n += a.handle(now, batchFrames-n)
	}
	if a.due(now) {
		a.core.Handle(now, rand.Reader, mesh.Event{Kind: mesh.EventTick})
	}
	a.batch, a.gathered = a.core.Take(), true
}

// settle commits what was gathered, and lets go what waited for that.
func (a *actor) settle() error {
	a.gathered = false
	var verdicts []mesh.Verdict
	if !a.batch.Empty() {
		var err error
		if verdicts, err = a.hub.committer.commit(a.batch); err != nil {
			return err
		}
		a.hub.meters.settled(a.batch, verdicts)
	}
	moved := false
	outputs := a.core.Committed(time.Now(), verdicts)
	for i := range outputs {
		moved = moved || outputs[i].Kind == mesh.OutputReload
		a.release(&outputs[i])
	}
	if n := a.core.Shown(); n > 0 {
		a.hub.meters.shown.Add(n)
	}
	a.flush()
	a.tell(a.core.Connections())
	if moved {
		return errMoved
	}
	return nil
}

// tell has the hub count the core's connections.
func (a *actor) tell(connections, welcomed int) {
	if connections != a.connections || welcomed != a.welcomed {
		a.hub.connections.Add(int64(connections - a.connections))
		a.hub.welcomed.Add(int64(welcomed - a.welcomed))
		a.connections, a.welcomed = connections, welcomed
	}
}

// flush lets what was queued go, once for each connection. The last come first: of a send the core answers its sender before it
// shows it to others, and those wait for something new.
func (a *actor) flush() {
	for _, c := range slices.Backward(a.touched) {
		c.touched = false
		c.flush()
	}
	clear(a.touched)
	a.touched = a.touched[:0]
}

// handle takes the first item, of a message as many frames as there is room for, and reports how much room that took. An
// item leaves the list before it is handled, so that nothing that breaks the core is answered twice.
func (a *actor) handle(now time.Time, room int) int {
	all := a.todo
	i := &all[0]
	a.todo = all[1:]
	switch {
	case i.message != nil:
		n := a.receive(now, i.message, room)
		if len(i.message.rest) > 0 {
			a.todo = all
		} else {
			i.message.release()
		}
		return n
	case i.opened != nil:
		a.conns[i.opened.id] = i.opened
		a.core.Handle(now, rand.Reader, mesh.Event{Kind: mesh.EventOpened, Conn: i.opened.id})
	case i.closed != nil:
		// The core may have dropped it before; then it is not here.
		if _, ok := a.conns[i.closed.id]; ok {
			delete(a.conns, i.closed.id)
			a.core.Handle(now, rand.Reader, mesh.Event{Kind: mesh.EventClosed, Conn: i.closed.id})
		}
	case i.event != nil:
		if _, ok := a.conns[i.event.Conn]; ok || i.event.Kind != mesh.EventReadDone {
			a.core.Handle(now, rand.Reader, *i.event)
		}
	case i.request != nil:
		a.last++
		a.requests[a.last] = i.request.answer
		i.request.event.Request = a.last
		a.core.Handle(now, rand.Reader, i.request.event)
	}
	return 1
}

// receive hands the core frames of a message, at most so many, and leaves the others in its rest. Behind something that is no
// frame nothing can be found again.
func (a *actor) receive(now time.Time, m *message, most int) (n int) {
	for ; len(m.rest) > 0 && n < most; n++ {
		if a.conns[m.conn.id] == nil {
			m.rest = nil
			break
		}
		frame, after, err := wire.NextFrame(m.rest)
		if err != nil {
			m.conn.end(wire.AsError(err))
			m.rest = nil
			break
		}
		a.core.Handle(now, rand.Reader, mesh.Event{Kind: mesh.EventReceived, Conn: m.conn.id, Frame: frame})
		m.rest = after
	}
	return max(n, 1)
}

// release lets one output go.
func (a *actor) release(o *mesh.Output) {
	switch o.Kind {
	case mesh.OutputSend:
		if c := a.conns[o.Conn]; c != nil {
			c.queue(o.Bytes)
			if !c.touched {
				c.touched = true
				a.touched = append(a.touched, c)
			}
		}
	case mesh.OutputDrop:
		if c := a.conns[o.Conn]; c != nil {
			delete(a.conns, o.Conn)
			c.endWith(o.Bytes, o.Code)
		}
	case mesh.OutputRead:
		if c := a.conns[o.Conn]; c != nil {
			read := *o // outputs are the core's again before the read is done
			a.hub.sockets.Go(func() { a.catchUp(c, read) })
		}
	case mesh.OutputElsewhere:
		since := o.Since
		a.hub.sockets.Go(func() { a.askElsewhere(since) })
	case mesh.OutputFollow:
		read := *o
		a.hub.sockets.Go(func() { a.follow(read) })
	case mesh.OutputAnswer:
		if answer := a.requests[o.Answer.Request]; answer != nil {
			delete(a.requests, o.Answer.Request)
			answer <- o.Answer
		}
	case mesh.OutputCount:
		a.hub.meters.refused.With(string(o.Code)).Add(1)
		a.hub.log.Debug("refused", "mesh", a.id, "code", o.Code)
	}
}

// abandon ends everything that relied on this actor, with what it was ended for.
func (a *actor) abandon(left []item, why *wire.Error) {
	for _, i := range left {
		switch {
		case i.opened != nil:
			a.conns[i.opened.id] = i.opened
		case i.request != nil:
			i.request.answer <- &mesh.Answer{Err: why}
		}
	}
	for _, answer := range a.requests {
		answer <- &mesh.Answer{Err: why}
	}
	for _, c := range a.conns {
		c.end(why)
	}
}
