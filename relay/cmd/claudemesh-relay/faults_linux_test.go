package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/wire"
)

// fragile starts a relay on a disk that may fail.
func fragile(t *testing.T) (*process, *testDisk) {
	t.Helper()
	p := &process{Process: &relaytest.Process{Program: program(), Data: t.TempDir(), Flags: []string{"--verbose"}}}
	d := onTestDisk(t, p)
	p.serve(t, "")
	return p, d
}

// ended waits until the relay was killed by its disk.
func (p *process) ended() {
	_ = p.Ended() // by a signal
}

// TestPowerCut: a relay that is killed in the middle of a write, or before a sync, and of whose disk any part is lost that
// was not synced, comes back by itself with everything that it accepted.
func TestPowerCut(t *testing.T) {
	p, d := fragile(t)
	c := newCrowd(t, p.target, seed(), 2, 4)
	for range *faultRounds {
		// A commit is a dozen writes and a sync; a checkpoint some thousand writes more, once in some hundred commits.
		pass := uint32(c.random.IntN(400))
		if c.random.IntN(4) == 0 {
			c.size = large
			pass = uint32(c.random.IntN(12_000))
		}
		d.arm(killNow, pass, 1)
		c.round(0, p.ended)
		c.size = small
		d.heal()
		did := d.cut(t, c.random)
		p.rise(t)
		if out := does(t, 0, "check", p.Data); t.Failed() {
			t.Fatalf("after %s: %s", did, out)
		}
		c.cursors(cursorsOf(t, p.Data))
	}
	c.finish()
	p.stops(t)
	does(t, 0, "check", p.Data)
}

// TestDiskErrors: while writes and syncs fail, a relay accepts nothing that it has not stored and says that it is unavailable;
// it goes on by itself when they succeed, and what a failed sync lost is nothing that it needs.
func TestDiskErrors(t *testing.T) {
	p, d := fragile(t)
	c := newCrowd(t, p.target, seed(), 2, 4, wire.CodeUnavailable)
	for range *faultRounds {
		kind := []fault{failWrite, tearWrite, fillDisk, failSync, failAny}[c.random.IntN(5)]
		times := uint32(1 + c.random.IntN(20))
		before := d.struck()
		d.arm(kind, uint32(c.random.IntN(500)), times)
		c.round(100+c.random.IntN(100), p.Kill)
		if struck := d.struck() - before; struck > times {
			t.Errorf("%d of %d faults struck", struck, times)
		}
		d.heal()
		did := d.cut(t, c.random)
		t.Logf("fault %d struck %d times; %s", kind, d.struck()-before, did)
		p.rise(t)
		if out := does(t, 0, "check", p.Data); t.Failed() {
			t.Fatalf("after %s: %s", did, out)
		}
		c.cursors(cursorsOf(t, p.Data))
	}
	if d.struck() == 0 {
		t.Error("no fault struck")
	}
	c.finish()
	p.stops(t)
	does(t, 0, "check", p.Data)
}

// TestLyingDisk: what a relay that commits without a sync would lose in a power cut is found by the peers of these tests.
func TestLyingDisk(t *testing.T) {
	p, d := fragile(t)
	c := newCrowd(t, p.target, seed(), 1, 3)
	w := &witness{TB: t}
	c.t = w
	d.lie()
	c.round(50, p.Kill)
	d.cutTo(t, c.random, func() int { return lostAll })
	p.rise(t)
	var watched sync.WaitGroup
	watched.Go(c.finish)
	watched.Wait()
	if found := w.all(); !strings.Contains(found, "the last counter is") {
		t.Errorf("that everything was lost was not found: %s", found)
	}
}

// witness takes down what is wrong in place of the test.
type witness struct {
	testing.TB
	mu    sync.Mutex
	found []string
}

func (w *witness) all() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.found, "\n")
}

func (w *witness) Failed() bool { return w.all() != "" }

func (w *witness) Error(args ...any) { w.Errorf("%s", fmt.Sprint(args...)) }

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, fmt.Sprintf(format, args...))
}

func (w *witness) FailNow() { runtime.Goexit() }
