package driver

import (
	"context"
	"math"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Pauses between attempts to connect. They double, and each is shortened by chance to no less than half, so that peers do
// not come back all at once. The longest is short: a person waits for it when an outage is over.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 10 * time.Second
	// steady is how long a connection must have lasted for the pauses to begin anew.
	steady = 30 * time.Second
)

// Run connects and stays connected until ctx ends (nil), or until the device may not come back: *wire.Error with
// CodeRemoved, CodeBadRoster, CodeSuperseded, CodeWrongOrigin, CodeUnknownDevice, CodeUnknownMesh, CodeUnsupported,
// CodeBadSignature, CodeBadEnrollment or CodeStorage. A device that the relay lost (docs/PROTOCOL.md, section 3.3) tries on.
// A second Run beside the first is refused with CodeInUse.
func (d *Driver) Run(ctx context.Context) error {
	if !d.begin() {
		return wire.Refuse(wire.CodeInUse)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	unhook := context.AfterFunc(d.life, stop)
	defer unhook()
	ticking := make(chan struct{})
	go func() { defer close(ticking); d.tick(ctx) }()
	err := d.stay(ctx)
	stop()
	<-ticking
	d.mu.Lock()
	d.running = false
	d.mu.Unlock()
	return err
}

func (d *Driver) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running {
		return false
	}
	d.running = true
	return true
}

// stay connects again and again.
func (d *Driver) stay(ctx context.Context) error {
	pause := firstPause
	for {
		if err := d.final(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		began := d.host.Now()
		after := d.connect(ctx)
		if d.host.Now().Sub(began) >= steady {
			pause = firstPause
		}
		if err := d.final(); err != nil {
			return err
		}
		select {
		case <-d.wake: // wakes from before the connection was lost mean nothing now
		default:
		}
		if !d.rest(ctx, max(d.jitter(pause), after)) {
			return nil
		}
		pause = min(2*pause, lastPause)
	}
}

// rest waits; false: ctx ended.
func (d *Driver) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.wake:
	case <-ctx.Done():
		return false
	}
	return true
}

// jitter is between half and all of a pause.
func (d *Driver) jitter(pause time.Duration) time.Duration {
	var b [2]byte
	d.mu.Lock()
	_, err := d.host.Entropy.Read(b[:])
	d.mu.Unlock()
	if err != nil {
		return pause
	}
	return pause/2 + time.Duration(float64(pause/2)*(float64(uint16(b[0])<<8|uint16(b[1]))/math.MaxUint16))
}

func (d *Driver) final() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	if final := d.core.Final(); final != nil {
		return final
	}
	return nil
}

// tick tells the core the time when it wants to know it.
func (d *Driver) tick(ctx context.Context) {
	for {
		at, moved := d.deadline()
		var due <-chan time.Time
		var timer *time.Timer
		if !at.IsZero() {
			timer = time.NewTimer(max(at.Sub(d.host.Now()), 0))
			due = timer.C
		}
		select {
		case <-due:
			d.step(peer.Tick{})
		case <-moved:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// connect dials and serves one connection to its end; after is how long the relay wants this device to stay away.
func (d *Driver) connect(ctx context.Context) (after time.Duration) {
	view := d.Mesh()
	d.step(peer.Dialing{})
	ws, err := d.host.Dialer.Dial(ctx, SocketURL(view.Relay, view.Mesh))
	if err != nil {
		var problem *wire.Error
		if ctx.Err() == nil {
			problem = unreachable(err)
		}
		d.step(peer.Closed{Problem: problem})
		return 0
	}
	d.mu.Lock()
	d.conns++
	conn := newConnection(ws, d.conns)
	d.conn = conn
	d.mu.Unlock()
	d.step(peer.Opened{Conn: conn.number})
	lost := conn.serve(ctx, d)
	d.mu.Lock()
	if d.conn == conn {
		d.conn = nil
	}
	d.mu.Unlock()
	var problem *wire.Error
	if lost != nil && ctx.Err() == nil {
		problem = unreachable(lost)
	}
	d.step(peer.Closed{Conn: conn.number, Problem: problem})
	return conn.retryAfter()
}

// Wake connects now instead of waiting for the back-off, and sees soon whether a connection that is open still lives.
func (d *Driver) Wake() {
	d.step(peer.Probe{})
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
