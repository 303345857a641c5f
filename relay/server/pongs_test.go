package server

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"claudemesh.com/mesh/relay/websocket"
)

// Somebody who pings and does not read, which takes no device, cannot have the relay hold megabytes of answers; who reads again is
// answered again.
func TestPongsThatWaitAreBounded(t *testing.T) {
	near, far := net.Pipe()
	c := newConn(&hub{output: DefaultOutput}, near, nil, netip.Prefix{})
	ping := func() {
		if err := c.control(websocket.OpPing, make([]byte, websocket.MaxControl)); err != nil {
			t.Fatal(err)
		}
	}
	for range 30_000 {
		ping()
	}
	waits := c.pipe.pending()
	if waits == 0 || waits > controlRoom {
		t.Errorf("%d bytes of pongs wait", waits)
	}
	if _, err := io.CopyN(io.Discard, far, int64(waits)); err != nil {
		t.Fatal(err)
	}
	if err := c.pipe.settle(0); err != nil {
		t.Fatal(err)
	}
	ping()
	if _, err := io.ReadFull(far, make([]byte, 2+websocket.MaxControl)); err != nil {
		t.Errorf("a ping after that: %v", err)
	}
	_, _ = near.Close(), far.Close()
}
