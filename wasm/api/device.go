package api

import (
	"context"
	"sync"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// A device is one device of this browser: the person's in one mesh, or a demo agent's. One goroutine brings it into its mesh
// and then runs it (life.go).
type device struct {
	// changing is held while the entry is changed durably; erased says that there is none any more.
	changing sync.Mutex
	erased   bool

	mu    sync.Mutex
	entry entry
	// driver is set once the device is a member and its store was read; what it has stays readable when it may no longer
	// connect.
	driver *driver.Driver
	// problem is why the device is not where it should be, besides what its driver says.
	problem *wire.Error
	// tried is closed, and another made, after each attempt to become a member; outcome is how it ended.
	tried   chan struct{}
	outcome error

	// token is the operator's, while a mesh is being made. It is never stored.
	token string
	// session is this run of the program, as one device of it.
	session wire.SessionID
	// life ends with stop; ended is closed when the goroutine has ended and the store is closed.
	life  context.Context
	stop  context.CancelFunc
	ended chan struct{}
	// nudge holds one token when waiting for the next attempt is to end.
	nudge chan struct{}
}

// newDevice makes a device that lives in ctx and does nothing yet.
func newDevice(ctx context.Context, e entry, session wire.SessionID) *device {
	d := &device{entry: e, session: session, tried: make(chan struct{}), ended: make(chan struct{}), nudge: make(chan struct{}, 1)}
	d.life, d.stop = context.WithCancel(ctx)
	return d
}

// registered is a copy of the entry.
func (d *device) registered() entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entry
}

// opened is the driver, or a refusal that says why there is none.
func (d *device) opened() (*driver.Driver, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.driver != nil:
		return d.driver, nil
	case d.entry.Stage == stageLost:
		return nil, ErrGone
	case d.problem != nil:
		return nil, d.problem
	}
	return nil, errJoining
}

var errJoining = wire.Errorf(wire.CodeUnavailable, "This browser is still joining this mesh.")

// settle ends an attempt to become a member.
func (d *device) settle(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outcome = err
	if err != nil {
		d.problem = wire.AsError(err)
	} else {
		d.problem = nil
	}
	close(d.tried)
	d.tried = make(chan struct{})
}

func (d *device) useToken(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token = token
}

// hasFailed says whether the last attempt to become a member failed and none is under way, as far as anyone saw.
func (d *device) hasFailed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.outcome != nil
}

// removed says whether the device may not connect any more.
func (d *device) removed() bool { return d.summary().Connection == Connection(peer.Removed) }

// attempt gives the function that waits for the end of the attempt that is under way, or else of the next one. It is taken
// before whatever sets that attempt off.
func (d *device) attempt() (wait func(context.Context) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.driver != nil {
		return func(context.Context) error { return nil }
	}
	tried := d.tried
	return func(ctx context.Context) error {
		select {
		case <-tried:
		case <-d.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.outcome
	}
}

// wake ends the wait for the next attempt, and has a driver connect now.
func (d *device) wake() {
	select {
	case d.nudge <- struct{}{}:
	default:
	}
	d.mu.Lock()
	running := d.driver
	d.mu.Unlock()
	if running != nil {
		running.Wake()
	}
}

// summary is how the list of meshes shows the device.
func (d *device) summary() MeshSummary {
	d.mu.Lock()
	running, e, problem := d.driver, d.entry, d.problem
	d.mu.Unlock()
	if running == nil {
		return e.summary(problem)
	}
	s := summaryOf(running.Mesh())
	if s.Problem == nil {
		s.Problem = problemOf(problem)
	}
	return s
}

// summary is how the register's entry alone shows a mesh.
func (e entry) summary(problem *wire.Error) MeshSummary {
	s := MeshSummary{
		MeshID: e.Mesh, Name: e.MeshName, DisplayName: e.DisplayName, Relay: e.Relay, Role: e.Role, Problem: problemOf(problem),
	}
	connection := peer.Joining
	switch e.Stage {
	case stageLost:
		connection, s.Problem = peer.Removed, problemOf(ErrGone)
	case stageMember:
		connection = peer.Unconnected
	}
	s.Connection = Connection(connection)
	return s
}
