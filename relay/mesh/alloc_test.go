package mesh_test

import (
	"fmt"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// TestAllocations: once its buffers have grown, the core takes, places and delivers envelopes and moves cursors without
// allocating.
func TestAllocations(t *testing.T) {
	w := newWorld(t)
	w.config.Sends, w.config.Appends = mesh.Rate{}, mesh.Rate{}
	for _, line := range []string{"found alice", "connect a alice", "append a invite door member uses=99"} {
		w.run(line)
	}
	for n := range 10 {
		w.run(fmt.Sprintf("claim door m%d", n))
		w.run(fmt.Sprintf("connect c%d m%d", n, n))
		w.run(fmt.Sprintf("tail c%d inbox=0 topic:general=0", n))
	}
	// The frames are made beforehand; so are verdicts, by the test in place of a store.
	const rounds = 400
	var frames [rounds]wire.Frame
	for n := range frames {
		h := wire.Header{Kind: wire.KindTopic, Epoch: 1, Counter: uint64(n + 1), Recipients: [][wire.IDSize]byte{w.topics["general"]}}
		var commitment *[wire.CommitmentSize]byte
		var stanzas []wire.Stanza
		if n%2 == 0 {
			to := w.actor("m3")
			h.Kind, h.Recipients, commitment = wire.KindDirect, [][wire.IDSize]byte{to.member}, new([wire.CommitmentSize]byte)
			stanzas = []wire.Stanza{{Device: to.id}}
		}
		envelope := wire.AppendEnvelope(nil, wire.AppendHeader(nil, h), commitment, new([wire.NonceSize]byte), stanzas, make([]byte, 300))
		frames[n], _, _ = wire.NextFrame(wire.AppendSend(nil, wire.Send{After: uint64(n), Envelope: envelope}))
	}
	places := [1]mesh.Place{}
	verdicts := [2]mesh.Verdict{{Outcome: mesh.Done, Places: places[:]}, {Outcome: mesh.Done}}
	heads := make(map[wire.Stream]wire.Position)
	inbox := wire.InboxStream(w.actor("m3").member)
	first := wire.PositionOf(900, 1)
	cursor := wire.AppendCursor(nil, wire.Cursor{Stream: inbox})
	payload := cursor[wire.FrameHeader:]
	n, outputs, shown := 0, 0, 0
	round := func() {
		w.core.Handle(w.now, w.entropy, mesh.Event{Kind: mesh.EventReceived, Conn: w.links["a"].id, Frame: frames[n]})
		wire.AppendU64(payload[:wire.StreamSize], uint64(heads[inbox]))
		w.core.Handle(w.now, w.entropy, mesh.Event{Kind: mesh.EventReceived, Conn: w.links["c3"].id, Frame: wire.Frame{Type: wire.FrameCursor, Payload: payload}})
		n++
		batch := w.core.Take()
		to := batch.Ops[0].(*mesh.AppendEnvelope).Entries[0].Stream
		places[0] = mesh.Place{Position: max(heads[to]+1, first), Previous: heads[to]}
		heads[to] = places[0].Position
		outputs += len(w.core.Committed(w.now, verdicts[:len(batch.Ops)]))
		shown += w.core.Shown()
	}
	for range 100 {
		round()
	}
	if allocations := testing.AllocsPerRun(200, round); allocations > 0 {
		t.Errorf("a send, its delivery and a cursor allocate %v times", allocations)
	}
	// accepted always; delivered and one deliver, or ten delivers.
	if outputs < n*(1+(2+10)/2)-20 {
		t.Errorf("%d rounds gave %d outputs: the test does not measure what it says", n, outputs)
	}
	if want := (n+1)/2 + n/2*10; shown != want {
		t.Errorf("%d entries counted as shown, want %d", shown, want)
	}
}
