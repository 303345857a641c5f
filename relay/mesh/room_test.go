package mesh_test

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// TestRoom: large batches that follow each other share their arrays; when they have stopped, the core does not hold them.
func TestRoom(t *testing.T) {
	w := newWorld(t)
	w.run("found alice")
	w.run("connect a alice")
	payload := wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize))
	ping, _, err := wire.NextFrame(payload)
	if err != nil {
		t.Fatal(err)
	}
	batch := func(frames int) {
		for range frames {
			w.core.Handle(w.now, w.entropy, mesh.Event{Kind: mesh.EventReceived, Conn: w.links["a"].id, Frame: ping})
		}
		w.core.Take()
		w.core.Committed(w.now, nil)
	}
	const large, small = 400_000, 1
	batch(large)
	if grown := w.core.Room(); grown < 5<<20 {
		t.Fatalf("a batch took %d bytes: the test does not measure what it says", grown)
	}
	if n := testing.AllocsPerRun(3, func() { batch(large) }); n > 0 {
		t.Errorf("a large batch after others allocates %v times", n)
	}
	for range 100 {
		batch(small)
	}
	if left := w.core.Room(); left > 1<<20 {
		t.Errorf("%d bytes are kept after 100 small batches", left)
	}
}
