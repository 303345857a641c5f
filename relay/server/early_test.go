package server_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// What a peer sends together with its request is not lost when the connection becomes a WebSocket.
func TestEarlyFrame(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	m := protocoltest.Found(t, r.Target)
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET /ws?mesh=%s HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", m.ID, wire.Subprotocol)
	ping := wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize))
	request.Write([]byte{0x82, 0x80 | byte(len(ping)), 0, 0, 0, 0}) // binary, masked with zeros
	request.Write(ping)
	if _, err := c.Write(request.Bytes()); err != nil {
		t.Fatal(err)
	}
	// A frame before the hello ends the connection, with a reason: so the relay answers only if it has read it.
	var answer []byte
	for b := make([]byte, 4096); !bytes.Contains(answer, []byte(wire.CodeNotWelcome)); {
		n, err := c.Read(b)
		if answer = append(answer, b[:n]...); err != nil {
			t.Fatalf("%q, %v", answer, err)
		}
	}
}
