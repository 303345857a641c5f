package server_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// tight is a listener whose connections have small buffers in the kernel, so that a peer that does not read is noticed after
// little.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(32 << 10)
	}
	return c, err
}

func dialTight(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = c.(*net.TCPConn).SetReadBuffer(32 << 10)
	}
	return c, err
}

func startTight(t *testing.T) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := startOn(t, tight{l}, memory.New(time.Now()), func(c *server.Config) { c.Output = 2 << 20 })
	r.HTTP.Transport.(*http.Transport).DialContext = dialTight
	return r
}

// A peer that does not read is told so and closed; what it missed waits for it, and nobody else is held up.
func TestSlowReader(t *testing.T) {
	const size, count = 512 << 10, 8
	r := startTight(t)
	m := protocoltest.Found(t, r.Target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	slow, sender := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
	slow.Tail(0, general)
	slow.Live(general)
	for n := range uint64(count) {
		sender.Send(n, m.Topic(m.Owner, size, general.ID))
		sender.Accepted(n + 1)
	}

	var last wire.Position
	seen := 0
	for {
		frame, ok := slow.Next()
		if !ok {
			t.Fatal("the connection ended without a close frame")
		}
		if frame.Type == wire.FrameClose {
			var bye wire.Close
			if err := wire.DecodeJSON(frame.Payload, wire.MaxJSON, &bye); err != nil || bye.Code != wire.CodeSlowReader || !bye.Retry {
				t.Fatalf("closed for %s (%v)", frame.Payload, err)
			}
			break
		}
		if d, err := wire.ParseDeliver(frame.Payload); frame.Type == wire.FrameDeliver && err == nil {
			last = d.Position
			seen++
		}
	}
	if seen == 0 || seen >= count {
		t.Errorf("%d of %d envelopes came before the close", seen, count)
	}
	again := m.Connect(t, m.Owner)
	again.Tail(last, general)
	for ; seen < count; seen++ {
		again.Delivery()
	}
	again.Live(general)
}

// Catching up is paced by the peer: much more than a connection may hold back arrives whole, and nobody is closed for it.
func TestLongBacklog(t *testing.T) {
	const size, count = 512 << 10, 16
	r := startTight(t)
	m := protocoltest.Found(t, r.Target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	sender := m.Connect(t, m.Owner)
	for n := range uint64(count) {
		sender.Send(n, m.Topic(m.Owner, size, general.ID))
		sender.Accepted(n + 1)
	}
	reader := m.Connect(t, m.Owner)
	reader.Tail(0, general)
	// The sender goes on; its replies show that the backlog holds nobody up, while the reader has not begun to read.
	sender.Send(count, m.Topic(m.Owner, size, general.ID))
	sender.Accepted(count + 1)
	var previous wire.Position
	for range count + 1 {
		d, _ := reader.Delivery()
		if d.Previous != previous {
			t.Fatalf("delivered behind %d, want %d", d.Previous, previous)
		}
		previous = d.Position
	}
	reader.Live(general)
}
