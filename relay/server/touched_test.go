package server

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/websocket"
)

// TestTouchedOnce: a connection is flushed once, however many frames a batch has for it.
func TestTouchedOnce(t *testing.T) {
	a := newActor(nil, [32]byte{1})
	for id := range mesh.ConnID(3) {
		near, _ := sockets(t)
		a.conns[id] = &conn{id: id, pipe: newPipe(near, 1<<20), outputLimit: 1 << 20}
	}
	for n := range mesh.ConnID(30) {
		a.release(&mesh.Output{Kind: mesh.OutputSend, Conn: n % 3, Bytes: []byte{1}})
	}
	if len(a.touched) != 3 || len(a.conns[0].queued) != websocket.MaxHead+10 {
		t.Errorf("%d connections are to be flushed, the first with %d bytes; want 3 and 10", len(a.touched), len(a.conns[0].queued)-websocket.MaxHead)
	}
}
