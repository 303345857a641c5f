// Under the race detector a sync.Pool loses some of what it is given, at random.
//go:build !race

package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/websocket"
	"claudemesh.com/mesh/shared/wire"
)

// webSocket gives a connection as the relay makes one, and the bare socket of its peer.
func webSocket(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	made := make(chan *conn, 1)
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, early, err := websocket.Upgrade(w, r, wire.Subprotocol)
		if err != nil {
			t.Error(err)
		}
		h := &hub{output: DefaultOutput, live: map[*conn]struct{}{}, meters: newMeters(metrics.New(), nil)}
		c := newConn(h, socket, early, netip.Prefix{})
		c.actor = newActor(h, wire.MeshID{1})
		made <- c
	}))
	t.Cleanup(served.Close)
	far, err := net.Dial("tcp", served.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	fmt.Fprintf(far, "GET /ws HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", wire.Subprotocol)
	answer, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(far, 1<<10), 1<<10), nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade is answered %v: %v", answer, err)
	}
	c := <-made
	t.Cleanup(c.abort)
	return c, far
}

// TestWriteAllocations: frames that are queued and flushed go to the kernel without an allocation.
func TestWriteAllocations(t *testing.T) {
	c, far := webSocket(t)
	for _, size := range []int{10, 500, 60_000} {
		frame := wire.AppendFrame(nil, wire.FrameDeliver, make([]byte, size))
		head := 2
		if 3*len(frame) > 125 {
			head = 4
		}
		if 3*len(frame) > 65535 {
			head = 10
		}
		got := make([]byte, head+3*len(frame))
		n := testing.AllocsPerRun(200, func() {
			for range 3 {
				c.queue(frame)
			}
			c.flush()
			if _, err := io.ReadFull(far, got); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("three frames of %d bytes take %v allocations", size, n)
		}
	}
}

// TestReadAllocations: a message comes from the socket to its mesh, and back to the pool, without an allocation.
func TestReadAllocations(t *testing.T) {
	c, far := webSocket(t)
	payload := wire.AppendFrame(nil, wire.FrameSend, make([]byte, 400))
	masked := append([]byte{0x82, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 0, 0, 0, 0}, payload...)
	n := testing.AllocsPerRun(200, func() {
		if _, err := far.Write(masked); err != nil {
			t.Fatal(err)
		}
		m, err := c.next(wire.MaxSocketMessage)
		if err != nil || len(m.data) != len(payload) {
			t.Fatalf("%d bytes came of %d: %v", len(m.data), len(payload), err)
		}
		m.release()
	})
	if n > 0 {
		t.Errorf("a message takes %v allocations", n)
	}
}
