package mesh_test

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// FuzzReceived: whatever a peer sends, before its hello and after, the core answers with frames that parse, or ends the
// connection; it stays usable for others.
func FuzzReceived(f *testing.F) {
	stream := wire.InboxStream(wire.MemberID{1})
	for _, frame := range [][]byte{
		wire.AppendJSONFrame(nil, wire.FrameHello, wire.Hello{Origin: origin}),
		wire.AppendSend(nil, wire.Send{Envelope: wire.AppendEnvelope(nil, wire.AppendHeader(nil, wire.Header{
			Kind: wire.KindTopic, Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}},
		}), nil, new([wire.NonceSize]byte), nil, []byte("text"))}),
		wire.AppendSend(nil, wire.Send{Envelope: wire.AppendEnvelope(nil, wire.AppendHeader(nil, wire.Header{
			Kind: wire.KindDirect, Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}},
		}), new([wire.CommitmentSize]byte), new([wire.NonceSize]byte), make([]wire.Stanza, 1), []byte("text"))}),
		wire.AppendCursor(nil, wire.Cursor{Stream: stream, Position: 1}),
		wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: []wire.TailItem{wire.NewTailItem(stream, 1)}}),
		wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: 1, Statement: []byte{1}, Escrow: []byte{1}, Preview: []byte{1}}),
		wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: 1, Card: []byte{1}}),
		wire.AppendJSONFrame(nil, wire.FrameTrack, wire.Track{Items: []wire.TrackItem{{Position: 1, Counter: 1}}}),
		wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)),
		wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: 1, Card: []byte{1}, Session: sessionOf("3")}),
		wire.AppendBye(nil, wire.SessionID{}),
		wire.AppendBye(nil, sessionOf("4")),
		wire.AppendFrame(nil, 0x7f, []byte{1}),
	} {
		parsed, _, err := wire.NextFrame(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(parsed.Type), parsed.Payload)
	}
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		w := newWorld(t)
		for _, line := range []string{"found alice", "open stranger", "connect a alice", "connect b alice session=2", "card a 1 1 for=4"} {
			w.run(line)
		}
		for _, name := range []string{"stranger", "a"} {
			w.event(mesh.Event{Kind: mesh.EventReceived, Conn: w.links[name].id, Frame: wire.Frame{Type: wire.FrameType(kind), Payload: payload}})
		}
		if wrong := w.core.Unsound(); wrong != "" {
			t.Error(wrong)
		}
		w.out.Reset()
		w.run("ping b")
		if w.out.String() != "b <- pong \"12345678\"\n" {
			t.Errorf("another connection hears %q instead of its pong", w.out.String())
		}
	})
}
