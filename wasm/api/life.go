package api

import (
	"context"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// The pause after a failed attempt doubles from the first to the longest.
const (
	firstPause   = time.Second
	longestPause = time.Minute
)

// begin starts the device's goroutine.
func (p *Peer) begin(d *device) {
	p.alive.Go(func() {
		defer close(d.ended)
		defer d.stop()
		p.live(d.life, d)
	})
}

// live brings a device into its mesh and runs it there until it may not come back or ctx ends.
func (p *Peer) live(ctx context.Context, d *device) {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		select {
		case <-d.nudge:
		default:
		}
		began := p.platform.Now()
		err := p.attempt(ctx, d)
		if ctx.Err() != nil {
			return
		}
		if done := p.failed(ctx, d, err); done {
			return
		}
		if p.platform.Now().Sub(began) > longestPause {
			pause = firstPause
		}
		select {
		case <-time.After(pause):
		case <-d.nudge:
		case <-ctx.Done():
		}
	}
}

// attempt opens the device's store, makes it a member where it is none yet, and runs it. It gives why it ended.
func (p *Peer) attempt(ctx context.Context, d *device) error {
	e := d.registered()
	open := p.platform.Storage.Open
	if e.Stage != stageMember {
		open = p.platform.Storage.Create
	}
	stored, err := open(ctx, e.name)
	if err != nil {
		d.settle(err)
		return err
	}
	defer func() { _ = stored.Store.Close() }()
	running, err := p.enter(ctx, d, stored)
	if err != nil {
		d.settle(err)
		return err
	}
	defer func() { _ = running.Close() }()
	unsubscribe := running.Subscribe(func(event peer.Event) { p.forward(d, event) })
	defer unsubscribe()
	d.mu.Lock()
	d.driver = running
	d.mu.Unlock()
	d.settle(nil)
	p.tell(meshesChanged())
	if e.isAgent() {
		return runAgent(ctx, e.Agent, running)
	}
	return p.rest(ctx, d, running)
}

// rest runs the driver. One that may not come back keeps its store open, and so readable, until ctx ends.
func (p *Peer) rest(ctx context.Context, d *device, running *driver.Driver) error {
	err := running.Run(ctx)
	if ctx.Err() != nil || wire.CodeOf(err) == wire.CodeStorage {
		return err
	}
	d.mu.Lock()
	d.problem = wire.AsError(err)
	d.mu.Unlock()
	p.tellEnd(d, err)
	<-ctx.Done()
	return err
}

// failed decides what follows when an attempt ended with err, and tells the page: done means that there is to be no other.
func (p *Peer) failed(ctx context.Context, d *device, err error) (done bool) {
	refusal, e := wire.AsError(err), d.registered()
	var undone error
	switch {
	case refusal.Code == wire.CodeInUse:
		done = true
	case refusal == ErrGone: // and not errors.Is, to which any failure of storage is one
		done, undone = true, p.lose(ctx, d)
	case e.Stage != stageMember && !refusal.Retry, e.isAgent() && refusal.Code == wire.CodeRemoved:
		done, undone = true, p.erase(ctx, d)
	}
	if undone != nil {
		p.platform.Log("clearing up after a device that is gone: " + undone.Error())
	}
	d.mu.Lock()
	d.driver, d.problem = nil, refusal
	d.mu.Unlock()
	p.tellEnd(d, err)
	return done
}

// tellEnd tells the page what ended a device's run.
func (p *Peer) tellEnd(d *device, err error) {
	refusal, e := wire.AsError(err), d.registered()
	switch refusal.Code {
	case wire.CodeInUse:
		p.tell(superseded())
	case wire.CodeStorage:
		p.tell(storageFailed(*problemOf(refusal)))
	}
	if !e.isAgent() {
		p.tell(meshChanged(e.Mesh))
		p.tell(meshesChanged())
	}
}
