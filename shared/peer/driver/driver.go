package driver

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Driver is one device in one mesh. Its methods may be called from any goroutine.
type Driver struct {
	host Host
	life context.Context // ends with Close; key operations live by it
	end  context.CancelFunc

	inbox struct { // inputs on their way to the core; whoever gets hold of mu takes them all
		sync.Mutex
		inputs []input
	}

	mu      sync.Mutex
	core    *peer.Core
	fault   error // of the last commit, until one succeeds
	broken  error // the store failed and could not be read again
	ref     uint64
	waiting map[uint64]chan peer.Result
	moved   chan struct{} // closed and replaced after each step
	conns   uint64        // number of the last connection
	conn    *connection   // the present one, or nil
	running bool
	closed  bool // no key operation is begun any more

	wake   chan struct{}
	events notifier
	wants  sync.WaitGroup // key operations under way
}

// input is something for the core; where of is set, for that core alone: an answer to a question of one that is gone means
// nothing to the one that took its place.
type input struct {
	peer.Input
	of *peer.Core
}

// Open loads a device from its store. It starts nothing. CodeNotFound: the store holds no mesh.
func Open(ctx context.Context, host Host) (*Driver, error) {
	d := &Driver{host: host, waiting: map[uint64]chan peer.Result{}, moved: make(chan struct{}), wake: make(chan struct{}, 1)}
	core, err := d.load(ctx, peer.Device{Public: host.Keys.Public(), Session: host.Session, OneShot: host.OneShot, Card: host.Card})
	if err != nil {
		return nil, err
	}
	d.core = core
	d.life, d.end = context.WithCancel(context.WithoutCancel(ctx))
	d.events.load = d.stored
	return d, nil
}

// load makes a core of what the store holds.
func (d *Driver) load(ctx context.Context, device peer.Device) (*peer.Core, error) {
	rows := map[string][]peer.Row{}
	for _, bucket := range peer.LoadBuckets() {
		found, err := d.host.Store.Scan(ctx, bucket, Range{})
		if err != nil {
			return nil, storage(err)
		}
		rows[bucket] = found
	}
	return peer.Load(device, rows)
}

// Close ends the session: Run returns, and nothing of the driver works any more. The store stays open: it is the host's.
func (d *Driver) Close() error {
	d.end()
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.wants.Wait()
	d.events.close()
	return nil
}

// step hands inputs to the core, commits what it wants, and lets go what may leave. Several steps at once share one commit.
func (d *Driver) step(inputs ...peer.Input) {
	d.inbox.Lock()
	for _, in := range inputs {
		d.inbox.inputs = append(d.inbox.inputs, input{Input: in})
	}
	d.inbox.Unlock()
	d.drain()
}

// answer is step for an answer that one core waits for.
func (d *Driver) answer(of *peer.Core, in peer.Input) {
	d.inbox.Lock()
	d.inbox.inputs = append(d.inbox.inputs, input{in, of})
	d.inbox.Unlock()
	d.drain()
}

func (d *Driver) drain() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inbox.Lock()
	taken := d.inbox.inputs
	d.inbox.inputs = nil
	d.inbox.Unlock()
	if len(taken) == 0 || d.broken != nil {
		return // somebody else took them along
	}
	for _, in := range taken {
		if in.of == nil || in.of == d.core {
			d.core.Handle(d.host.Now(), d.host.Entropy, in.Input)
		}
	}
	batch := d.core.Take()
	if len(batch.Ops) > 0 {
		if err := d.host.Store.Commit(context.WithoutCancel(d.life), batch.Ops); err != nil {
			d.fault = storage(err)
			d.restart(d.fault)
			return
		}
		d.fault = nil
	}
	for _, output := range batch.Committed() {
		d.release(output)
	}
	d.announce()
}

// announce wakes everyone who waits for a change. It is called with mu held.
func (d *Driver) announce() {
	close(d.moved)
	d.moved = make(chan struct{})
}

// restart replaces the core by what the store really holds: nobody knows whether the last commit was carried out. It is
// called with mu held.
func (d *Driver) restart(cause error) {
	problem := wire.AsError(cause)
	d.log("the store failed: " + problem.Message)
	if d.conn != nil {
		d.conn.hangUp(peer.Hangup{Problem: problem})
		d.conn = nil
	}
	for ref, result := range d.waiting {
		result <- peer.Result{Ref: ref, Err: problem}
		delete(d.waiting, ref)
	}
	mesh := d.core.View().Mesh
	core, err := d.load(context.WithoutCancel(d.life), d.core.Device())
	if err != nil {
		d.broken = storage(err)
	} else {
		d.core = core
	}
	d.events.add(peer.Notify{Event: peer.Event{Kind: peer.EventStorage, Mesh: mesh, Problem: problem}})
	d.events.add(peer.Notify{Event: peer.Event{Kind: peer.EventMesh, Mesh: mesh}})
	d.announce()
}

// release lets one output go. It is called with mu held, after the commit.
func (d *Driver) release(output peer.Output) {
	switch o := output.(type) {
	case peer.Frames:
		if d.conn != nil && d.conn.number == o.Conn {
			d.conn.write(o.Bytes)
		}
	case peer.Hangup:
		if d.conn != nil && d.conn.number == o.Conn {
			d.conn.hangUp(o)
			d.conn = nil
		}
	case peer.WantSignature:
		d.want(func() peer.Input {
			signature, err := d.host.Keys.Sign(d.life, o.Message)
			return peer.Signed{Ref: o.Ref, Signature: signature, Err: err}
		})
	case peer.WantSharedKey:
		d.want(func() peer.Input {
			key, err := d.host.Keys.SharedKey(d.life, o.Box)
			return peer.Shared{Box: o.Box, Key: key, Err: err}
		})
	case peer.WantStatement:
		d.want(func() peer.Input {
			row, err := d.host.Store.Get(d.life, peer.BucketRoster, binary.BigEndian.AppendUint64(nil, o.Number))
			if err != nil {
				d.log("a statement could not be read: " + err.Error())
			}
			return peer.StatementRow{Number: o.Number, Row: row}
		})
	case peer.Notify:
		d.events.add(o)
	case peer.Result:
		if result := d.waiting[o.Ref]; result != nil {
			delete(d.waiting, o.Ref)
			result <- o
		}
	case peer.Complaint:
		d.log("the relay says: " + o.Problem.Message + " (" + string(o.Problem.Code) + ")")
	case peer.Dropped:
		d.log("dropped from " + o.Stream.Kind.String() + ": " + string(o.Reason) + ", said to be of device " + o.Sender.String()[:8])
	}
}

// want starts a key operation; its answer comes back as an input.
func (d *Driver) want(do func() peer.Input) {
	core := d.core
	if d.closed {
		return
	}
	d.wants.Go(func() {
		if in := do(); d.life.Err() == nil {
			d.answer(core, in)
		}
	})
}

func (d *Driver) log(sentence string) {
	if d.host.Log != nil {
		d.host.Log(sentence)
	}
}

// call gives the core a command and waits for its result.
func (d *Driver) call(ctx context.Context, command func(ref uint64) peer.Input) (peer.Result, error) {
	d.mu.Lock()
	if d.broken != nil {
		defer d.mu.Unlock()
		return peer.Result{}, d.broken
	}
	d.ref++
	ref := d.ref
	answer := make(chan peer.Result, 1)
	d.waiting[ref] = answer
	d.mu.Unlock()
	d.step(command(ref))
	select {
	case result := <-answer:
		if result.Err != nil {
			return result, result.Err
		}
		return result, nil
	case <-ctx.Done():
	case <-d.life.Done():
	}
	d.step(peer.Forget{Ref: ref})
	d.mu.Lock()
	delete(d.waiting, ref)
	d.mu.Unlock()
	select {
	case result := <-answer:
		if result.Err == nil {
			return result, nil
		}
	default:
	}
	if ctx.Err() == context.Canceled {
		return peer.Result{}, ctx.Err()
	}
	return peer.Result{}, wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time. What was asked may still happen.")
}

// wait returns when reached is true, which it asks after every step and with mu held.
func (d *Driver) wait(ctx context.Context, reached func() bool) error {
	for {
		d.mu.Lock()
		done, moved, broken, final := reached(), d.moved, d.broken, d.core.Final()
		d.mu.Unlock()
		switch {
		case broken != nil:
			return broken
		case done:
			return nil
		case final != nil:
			return final
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return d.overdue(ctx)
		case <-d.life.Done():
			return context.Canceled
		}
	}
}

// overdue says why something did not come in time, as far as that is known.
func (d *Driver) overdue(ctx context.Context) error {
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		return d.fault
	}
	if problem := d.core.View().Problem; problem != nil {
		return problem
	}
	return overtime(ctx)
}

// trusted reports whether the mesh was verified.
func (d *Driver) trusted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Trusted()
}

// deadline is when the core wants to be told the time; zero: never.
func (d *Driver) deadline() (at time.Time, moved chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Deadline(), d.moved
}
