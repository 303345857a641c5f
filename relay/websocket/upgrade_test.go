package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	coder "github.com/coder/websocket"
	"go.uber.org/goleak"

	"claudemesh.com/mesh/relay/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// whole is a source that reads a connection through one buffer.
type whole struct {
	net.Conn
	room [512]byte
	left []byte
}

func (s *whole) Window() ([]byte, error) {
	if len(s.left) == 0 {
		n, err := s.Conn.Read(s.room[:])
		if n == 0 {
			return nil, err
		}
		s.left = s.room[:n]
	}
	return s.left, nil
}

func (s *whole) Take(n int) { s.left = s.left[n:] }

func (s *whole) Read(b []byte) (int, error) {
	window, err := s.Window()
	n := copy(b, window)
	s.Take(n)
	return n, err
}

// echo is a server that answers every message with the same.
func echo(w http.ResponseWriter, r *http.Request) {
	c, early, err := websocket.Upgrade(w, r, "words")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer c.Close()
	parted := errors.New("parted")
	in := websocket.NewReader(&whole{Conn: c, left: early}, func(op websocket.Op, payload []byte) error {
		switch op {
		case websocket.OpPing:
			_, err := c.Write(websocket.AppendControl(nil, websocket.OpPong, payload))
			return err
		case websocket.OpClose:
			_, _ = c.Write(websocket.AppendControl(nil, websocket.OpClose, payload))
			return parted
		}
		return nil
	})
	for {
		op, err := in.Next()
		if err != nil {
			return
		}
		b := bytes.NewBuffer(make([]byte, websocket.MaxHead))
		if _, err := b.ReadFrom(in); err != nil {
			return
		}
		start := websocket.PutHead(b.Bytes(), op, b.Len()-websocket.MaxHead)
		if _, err := c.Write(b.Bytes()[start:]); err != nil {
			return
		}
	}
}

// Another implementation understands the relay, and is understood.
func TestAgainstAnotherImplementation(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	defer http.DefaultClient.CloseIdleConnections()
	c, _, err := coder.Dial(t.Context(), s.URL, &coder.DialOptions{Subprotocols: []string{"words"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	if c.Subprotocol() != "words" {
		t.Errorf("the subprotocol is %q", c.Subprotocol())
	}
	for _, n := range []int{0, 1, 125, 126, 1<<16 - 1, 1 << 16, 1 << 20} {
		want := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
		written := make(chan error, 1)
		go func() { written <- c.Write(t.Context(), coder.MessageBinary, want) }()
		kind, got, err := c.Read(t.Context())
		if err != nil || <-written != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if kind != coder.MessageBinary || !bytes.Equal(got, want) {
			t.Errorf("%d bytes come back as %d, kind %v", n, len(got), kind)
		}
	}
	ctx := c.CloseRead(context.Background())
	if err := c.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := c.Close(4001, "done"); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestHandshakesThatAreNone(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	defer http.DefaultClient.CloseIdleConnections()
	good := map[string]string{
		"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	}
	for name, change := range map[string][2]string{
		"all is well":     {"", ""},
		"no connection":   {"Connection", "close"},
		"another upgrade": {"Upgrade", "h2c"},
		"version":         {"Sec-WebSocket-Version", "8"},
		"a short key":     {"Sec-WebSocket-Key", "AAAA"},
		"no key":          {"Sec-WebSocket-Key", ""},
	} {
		r, err := http.NewRequest(http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for header, value := range good {
			if header == change[0] {
				value = change[1]
			}
			r.Header.Set(header, value)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := http.StatusBadRequest
		if name == "all is well" {
			want = http.StatusSwitchingProtocols
			if got := response.Header.Get("Sec-WebSocket-Accept"); got != "ICX+Yqv66kxgM0FcWaLWlFLwTAI=" {
				t.Errorf("the key is answered with %s", got)
			}
		}
		if response.StatusCode != want {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}
