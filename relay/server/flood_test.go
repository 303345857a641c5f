package server_test

import (
	"sync/atomic"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// One message of many frames is carried out in batches that stay small, in order and to its end: what it makes the relay hold
// does not grow with what a peer can put into it.
func TestFloodInOneMessage(t *testing.T) {
	const sends, most = 10_000, 4096
	var largest atomic.Int64
	s := memory.New(time.Now())
	r := start(t, s, func(c *server.Config) { c.Mesh.Sends = mesh.Rate{} })
	m := protocoltest.Found(t, r.Target)
	peer := m.Connect(t, m.Owner)
	s.SetFaults(memory.Faults{Before: func(batches []mesh.Batch) error {
		for _, b := range batches {
			largest.Store(max(largest.Load(), int64(len(b.Ops))))
		}
		return nil
	}})
	var message []byte
	for n := range uint64(sends) {
		message = wire.AppendSend(message, wire.Send{After: n, Envelope: m.Topic(m.Owner, 20, wire.GeneralTopic(m.ID))})
	}
	peer.Write(message)
	for n := range uint64(sends) {
		peer.Accepted(n + 1)
	}
	if n := largest.Load(); n > most || n == 0 {
		t.Errorf("a batch of %d sends, want at most %d", n, most)
	}
}

// A connection that sends what cannot be taken without end is closed; the device's other connection is not.
func TestFloodOfGarbage(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	m := protocoltest.Found(t, r.Target)
	other, peer := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
	var message []byte
	for range 1000 {
		message = wire.AppendFrame(message, 0x77, nil)
	}
	peer.Write(message)
	errors := 0
	for {
		frame, ok := peer.Next()
		if !ok {
			t.Fatal("the connection ended without a close frame")
		}
		if frame.Type == wire.FrameError {
			errors++
		}
		if frame.Type != wire.FrameClose {
			continue
		}
		var bye wire.Close
		if err := wire.DecodeJSON(frame.Payload, wire.MaxJSON, &bye); err != nil || bye.Code != wire.CodeRateLimited {
			t.Fatalf("closed for %s (%v)", frame.Payload, err)
		}
		break
	}
	if errors == 0 || errors >= 1000 {
		t.Errorf("%d errors before the close", errors)
	}
	other.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)))
	if _, ok := other.Until(wire.FramePong); !ok {
		t.Error("the other connection was closed")
	}
}
