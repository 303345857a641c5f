package simulation

import (
	"testing"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// FuzzHeard: a relay may send anything. A peer survives it, ends the connection or goes on, and what it stored can be loaded.
func FuzzHeard(f *testing.F) {
	stream := wire.InboxStream(wire.MemberID{1})
	for _, frame := range [][]byte{
		wire.AppendJSONFrame(nil, wire.FrameChallenge, wire.Challenge{Nonce: make([]byte, wire.ChallengeSize)}),
		wire.AppendJSONFrame(nil, wire.FrameWelcome, wire.Welcome{LastCounter: 7}),
		wire.AppendDeliver(nil, wire.Deliver{Stream: stream, Position: 9, Previous: 3, Envelope: []byte{1, 2, 3}}),
		wire.AppendStatement(nil, wire.Statement{Position: 9, Previous: 8, Bytes: []byte{1, 2, 3}}),
		wire.AppendAccepted(nil, wire.Accepted{Counter: 9, Placed: []wire.Placed{{Position: 1}}}),
		wire.AppendDelivered(nil, wire.Delivered{Counter: 1}),
		wire.AppendResume(nil, 99),
		wire.AppendLive(nil, wire.Cursor{Stream: stream, Position: 1 << 40}),
		wire.AppendCursor(nil, wire.Cursor{Stream: stream, Position: ^wire.Position(0)}),
		wire.AppendJSONFrame(nil, wire.FrameGap, wire.Gap{Kind: wire.StreamInbox, After: 5, To: 3}),
		wire.AppendJSONFrame(nil, wire.FrameReply, wire.Reply{Ref: 1}),
		wire.AppendJSONFrame(nil, wire.FrameClose, wire.Close{Error: *wire.Refuse(wire.CodeDraining), RetryAfter: 1000}),
		wire.AppendJSONFrame(nil, wire.FramePresence, wire.Presence{Full: true}),
		wire.AppendFrame(nil, wire.FramePong, make([]byte, wire.PingSize)),
		{0x7f, 0, 0, 0, 0},
		{1, 2, 3},
	} {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		w, ada, bo := two(t, nothing)
		bo.link.sendToPeer(message)
		w.run(w.now.Add(5 * time.Second))
		bo.crash("it is fuzzed")
		w.run(w.now.Add(5 * time.Second))
		if w.failed != nil {
			t.Error(w.failed)
		}
		texts(bo)
		texts(ada)
	})
}
