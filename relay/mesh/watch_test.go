package mesh_test

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// TestFullInbox: a send to an inbox where as many sends wait as may does not look at those, nor does a cursor at those that
// it did not reach; and the queue is moved together once in a bound, not for each send.
func TestFullInbox(t *testing.T) {
	const bound, sends = 64, 640
	w := newWorld(t)
	w.config.InboxTracked, w.config.Sends = bound, mesh.Rate{}
	for _, line := range []string{
		"found alice", "connect a alice", "append a invite door member uses=9",
		"claim door bob", "connect b bob", "claim door carol", "connect c carol", "close c",
	} {
		w.run(line)
	}
	to := w.actor("bob")
	inbox := wire.InboxStream(to.member)
	first := wire.PositionOf(900, 1)
	verdict := mesh.Verdict{Outcome: mesh.Done, Places: []mesh.Place{{Position: first - 1}}}
	commit := func(conn string, frame []byte) (outputs int) {
		f, _, err := wire.NextFrame(frame)
		if err != nil {
			t.Fatal(err)
		}
		w.core.Handle(w.now, w.entropy, mesh.Event{Kind: mesh.EventReceived, Conn: w.links[conn].id, Frame: f})
		if ops := w.core.Take().Ops; len(ops) != 1 {
			t.Fatalf("%d ops", len(ops))
		}
		return len(w.core.Committed(w.now, []mesh.Verdict{verdict}))
	}
	moved, before := 0, 0
	for n := range uint64(sends) {
		h := wire.Header{Kind: wire.KindDirect, Epoch: 1, Counter: n + 1, Recipients: [][wire.IDSize]byte{to.member}}
		stanzas := []wire.Stanza{{Device: to.id}}
		envelope := wire.AppendEnvelope(nil, wire.AppendHeader(nil, h), new([wire.CommitmentSize]byte), new([wire.NonceSize]byte), stanzas, make([]byte, 9))
		place := &verdict.Places[0]
		place.Previous, place.Position = place.Position, place.Position+1
		commit("a", wire.AppendSend(nil, wire.Send{After: n, Envelope: envelope}))
		above := wire.Position(0)
		if n <= bound { // carol left: who sent what waits is looked at once
			above = wire.MaxPosition
		}
		waiting, free := w.core.HideSenders(to.member, above)
		if want := min(int(n)+1, bound); waiting != want {
			t.Fatalf("%d sends wait after %d; want %d", waiting, n+1, want)
		}
		if free < before {
			moved++
		}
		before = free
	}
	if moved == 0 || moved > sends/bound {
		t.Errorf("the queue was moved together %d times in %d sends", moved, sends)
	}
	w.core.ShowSender(to.member, w.actor("alice").id)
	last := verdict.Places[0].Position
	if n := commit("b", wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: last - bound + 1})); n != 1 {
		t.Errorf("a cursor past one send gave %d outputs", n)
	}
	if waiting, _ := w.core.HideSenders(to.member, 0); waiting != bound-1 {
		t.Errorf("%d sends wait behind the cursor; want %d", waiting, bound-1)
	}
}
