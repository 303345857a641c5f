package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/relay/metrics"
	upgrade "claudemesh.com/mesh/relay/websocket"
	"claudemesh.com/mesh/shared/wire"
)

// pair is a conn as the relay reads it, with the peer's end of its WebSocket.
func pair(t *testing.T) (*conn, *websocket.Conn) {
	t.Helper()
	h := &hub{output: DefaultOutput, live: map[*conn]struct{}{}, crowd: newCrowd(0, 0), meters: newMeters(metrics.New(), nil)}
	accepted := make(chan *conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, early, err := upgrade.Upgrade(w, r, "")
		if err != nil {
			t.Error(err)
		}
		accepted <- newConn(h, c, early, netip.Prefix{})
	}))
	peer, _, err := websocket.Dial(t.Context(), s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := <-accepted
	c.actor = newActor(h, wire.MeshID{1})
	t.Cleanup(func() {
		_ = peer.CloseNow()
		c.abort()
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return c, peer
}

// A message above the size of a hello waits until there is room for it among the others that are on their way; a smaller one
// does not.
func TestLargeMessagesWaitTheirTurn(t *testing.T) {
	c, peer := pair(t)
	c.actor.mail.large.end() // whoever waits is let go without room
	for _, size := range []int{100, firstLimit, firstLimit + 1} {
		sent := make(chan error, 1)
		go func() { sent <- peer.Write(context.Background(), websocket.MessageBinary, make([]byte, size)) }()
		m, err := c.next(wire.MaxSocketMessage)
		if want := size > firstLimit; errors.Is(err, errNoMesh) != want {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err == nil && len(m.data) != size {
			t.Errorf("%d bytes became %d", size, len(m.data))
		}
		<-sent
	}
}

// Whether it arrives or is cut off, a large message leaves its place to others.
func TestLargeMessagesLeaveTheirPlace(t *testing.T) {
	for _, whole := range []bool{true, false} {
		c, peer := pair(t)
		ended := make(chan struct{})
		go func() {
			_ = c.read()
			close(ended)
		}()
		if err := peer.Write(t.Context(), websocket.MessageBinary, []byte("first")); err != nil {
			t.Fatal(err)
		}
		w, err := peer.Writer(t.Context(), websocket.MessageBinary)
		if err == nil {
			_, err = w.Write(make([]byte, 1<<20))
		}
		if err == nil && whole {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = peer.CloseNow()
		<-ended
		want := 1
		if whole {
			want = 2
		}
		if got := len(c.actor.mail.take(nil)); got != want || c.actor.mail.large.used != 0 {
			t.Errorf("whole %v: %d messages arrived, %d places are held", whole, got, c.actor.mail.large.used)
		}
	}
}
