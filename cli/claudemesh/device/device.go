// Package device is one device of this machine in one mesh, run on what its folder holds: the driver with its store, its keys
// and a dialer.
//
// It does not decide who may run it: whoever connects holds the folder's lock. It writes nothing for people.
package device

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// Patience is how long a command waits for the relay before it goes on with what is stored here.
const Patience = 10 * time.Second

// flushPatience is how long a command that has connected waits for what earlier ones kept.
const flushPatience = 5 * time.Second

// Options are what others see of a device's connection. With no Card it has no presence of its own.
type Options struct {
	Card *peer.Card
	Log  func(string) // may be nil; it is handed sentences without secrets
}

// Device is a driver and what it rests on. Its methods may be called from any goroutine.
type Device struct {
	*driver.Driver
	store   *kv.Store
	ended   chan struct{}
	failure error // why Run returned; set before ended is closed
	cancel  context.CancelFunc
}

// Host is what a driver needs, for the device of a folder. The caller closes the store.
func Host(folder home.Folder, o Options) (driver.Host, *kv.Store, error) {
	keys, err := folder.Keys()
	if err != nil {
		return driver.Host{}, nil, err
	}
	store, err := folder.Store()
	if err != nil {
		return driver.Host{}, nil, err
	}
	host := driver.Host{
		Store: store, Keys: keys, Dialer: dial.Relay{}, HTTP: dial.Relay{}, Now: time.Now, Entropy: rand.Reader,
		OneShot: o.Card == nil, Card: o.Card, Log: o.Log,
	}
	rand.Read(host.Session[:])
	return host, store, nil
}

// Open loads a folder's device without connecting. CodeNotFound: it was made or joined only halfway.
func Open(ctx context.Context, folder home.Folder, o Options) (*Device, error) {
	host, store, err := Host(folder, o)
	if err != nil {
		return nil, err
	}
	d, err := driver.Open(ctx, host)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Device{Driver: d, store: store, ended: make(chan struct{})}, nil
}

// View reads a mesh as it was last known, without connecting and without the device's lock.
func View(ctx context.Context, folder home.Folder) (peer.MeshView, error) {
	d, err := Open(ctx, folder, Options{})
	if err != nil {
		return peer.MeshView{}, err
	}
	defer d.Close()
	return d.Mesh(), nil
}

// Connect begins to run the driver, until Close or until ctx ends. It is called once at most.
func (d *Device) Connect(ctx context.Context) {
	ctx, d.cancel = context.WithCancel(ctx)
	go func() {
		defer close(d.ended)
		d.failure = d.Run(ctx)
	}()
}

// Ended is closed when a device that was connected does not run any more; Failure is why.
func (d *Device) Ended() <-chan struct{} { return d.ended }

// Failure is why the device stopped to run, or nil. It is for after Ended.
func (d *Device) Failure() error { return d.failure }

// Close says goodbye to the relay and closes the store.
func (d *Device) Close() error {
	if d.cancel != nil {
		d.Driver.Close()
		d.cancel()
		<-d.ended
	}
	return d.store.Close()
}

// Live waits until everything that the relay has is stored here, at most for Patience. The error is why not: what ended the
// driver, or the first problem that it met. A relay that cannot be reached is not waited for.
func (d *Device) Live(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, wire.Refuse(wire.CodeUnreachable))
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer d.Subscribe(func(e peer.Event) {
		if e.Kind == peer.EventConnection && e.Problem != nil {
			fail(e.Problem)
		}
	})()
	if problem := d.Mesh().Problem; problem != nil {
		fail(problem)
	}
	err := d.Await(ctx, d.WaitLive)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// Unreached is why the device has no connection just now, or nil where it has one.
func (d *Device) Unreached() error {
	view := d.Mesh()
	switch {
	case view.Connection == peer.Connected:
		return nil
	case view.Problem != nil:
		return view.Problem
	}
	return wire.Refuse(wire.CodeUnreachable)
}

// SendKept lets what earlier commands kept go out, where this one has reached the relay.
func (d *Device) SendKept(ctx context.Context) {
	view := d.Mesh()
	if view.Waiting == 0 || view.Connection != peer.Connected {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushPatience)
	defer cancel()
	_ = d.Await(ctx, d.Flush) // what does not go out now is kept as before
}

// Await runs wait until it returns or the driver ends.
func (d *Device) Await(ctx context.Context, wait func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := wait(ctx)
	select {
	case <-d.ended:
		if d.failure != nil {
			return d.failure
		}
	default:
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return wire.Refuse(wire.CodeUnreachable)
	}
	return err
}

// Settled waits until a message that was sent here is accepted or has failed, until the relay is lost, or until ctx ends, and
// gives it as it is then. Its id is another where it had to be sealed again.
func (d *Device) Settled(ctx context.Context, sent peer.MessageView) (peer.MessageView, error) {
	changed := make(chan struct{}, 1)
	poke := func(peer.Event) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	defer d.Subscribe(poke)()
	for {
		now, err := d.Messages(context.WithoutCancel(ctx), sent.Conversation, sent.Seq+1, 1)
		if err != nil {
			return sent, err
		}
		if len(now) == 1 && now[0].Seq == sent.Seq {
			sent = now[0]
		}
		if sent.State != peer.Sending || ctx.Err() != nil || d.Unreached() != nil {
			return sent, nil
		}
		select {
		case <-changed:
		case <-d.ended:
			return sent, nil
		case <-ctx.Done():
		}
	}
}

// shortest is how many digits of an id name something.
const shortest = 8

// MessageByPrefix is the message of the log whose id begins like prefix, of 8 digits or more. CodeNotFound, CodeAmbiguous.
func (d *Device) MessageByPrefix(ctx context.Context, prefix string) (peer.MessageView, error) {
	prefix = strings.ToLower(prefix)
	whole := strings.Repeat("0", 2*wire.ShortIDSize)
	if len(prefix) < shortest || len(prefix) > len(whole) {
		return peer.MessageView{}, wire.Errorf(wire.CodeMalformed, "A message is named by its id, or the first %d digits or more.", shortest)
	}
	from, err := hex.DecodeString(prefix + whole[len(prefix):])
	if err != nil {
		return peer.MessageView{}, wire.Errorf(wire.CodeMalformed, "A message's id is written in hex.")
	}
	rows, err := d.store.Scan(ctx, peer.BucketMessageID, driver.Range{From: from, Limit: 2})
	if err != nil {
		return peer.MessageView{}, err
	}
	for len(rows) > 0 && !strings.HasPrefix(hex.EncodeToString(rows[len(rows)-1].Key), prefix) {
		rows = rows[:len(rows)-1]
	}
	switch len(rows) {
	case 0:
		return peer.MessageView{}, wire.Errorf(wire.CodeNotFound, "This device has no message %s.", prefix)
	case 1:
		return d.Message(ctx, wire.MessageID(rows[0].Key))
	}
	return peer.MessageView{}, wire.Errorf(wire.CodeAmbiguous, "More than one message begins with %s. Give more digits.", prefix)
}
