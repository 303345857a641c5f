package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

func dialRaw(t *testing.T, r *relay, m *protocoltest.Mesh) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), strings.Replace(r.URL, "http", "ws", 1)+"/ws?mesh="+m.ID.String(), &websocket.DialOptions{
		HTTPClient: r.HTTP, Subprotocols: []string{wire.Subprotocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// A ping is answered, and so is a close frame, with the status that it names.
func TestControlFrames(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	m := protocoltest.Found(t, r.Target)
	c := dialRaw(t, r, m)
	if _, _, err := c.Read(t.Context()); err != nil { // the challenge
		t.Fatal(err)
	}
	if err := c.Ping(c.CloseRead(context.Background())); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := c.Close(4000, "enough"); err != nil {
		t.Errorf("close: %v", err)
	}
}

// Who breaks the rules of WebSockets is told so by a close frame.
func TestProtocolError(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	m := protocoltest.Found(t, r.Target)
	var raw net.Conn
	r.HTTP.Transport = dialingOver(r.HTTP.Transport, func(c net.Conn) { raw = c })
	c := dialRaw(t, r, m)
	if _, err := raw.Write([]byte{0x82, 1, 'x'}); err != nil { // without a mask
		t.Fatal(err)
	}
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			if got := websocket.CloseStatus(err); got != websocket.StatusProtocolError {
				t.Errorf("ended with %v", err)
			}
			return
		}
	}
}

// A peer that does not answer the close frame is cut after some seconds.
func TestCloseIsNotAnswered(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		var raw net.Conn
		r.HTTP.Transport = dialingOver(r.HTTP.Transport, func(c net.Conn) { raw = c })
		dialRaw(t, r, m)
		if _, err := raw.Write([]byte{0x81, 0x80, 0, 0, 0, 0}); err != nil { // text, which the relay refuses
			t.Fatal(err)
		}
		ended := make(chan time.Duration, 1)
		began := time.Now()
		go func() {
			for b := make([]byte, 1<<10); ; {
				if _, err := raw.Read(b); err != nil {
					ended <- time.Since(began)
					return
				}
			}
		}()
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("cut at once")
		default:
		}
		if took := <-ended; took > 10*time.Second {
			t.Errorf("cut after %v", took)
		}
	})
}

// dialingOver gives a transport like another that shows the connections that it makes.
func dialingOver(other http.RoundTripper, show func(net.Conn)) *http.Transport {
	transport := other.(*http.Transport).Clone()
	dial := transport.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		show(c)
		return c, err
	}
	return transport
}
