package protocoltest

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/shared/wire"
)

// upgrade is what a relay refuses before there is a WebSocket.
func upgrade(t *testing.T, x Target) {
	m := Found(t, x)
	path := "/ws?mesh=" + m.ID.String()
	for _, c := range []struct {
		name, path   string
		header       http.Header
		subprotocols []string
		want         wire.Code
	}{
		{"no subprotocol", path, nil, nil, wire.CodeUnsupported},
		{"another subprotocol", path, nil, []string{"claudemesh.v0", "claudemesh.v11"}, wire.CodeUnsupported},
		{"a page of another origin", path, http.Header{"Origin": {"https://evil.example"}}, []string{wire.Subprotocol}, wire.CodeForbidden},
		{"a sandboxed page", path, http.Header{"Origin": {"null"}}, []string{wire.Subprotocol}, wire.CodeForbidden},
		{"no mesh", "/ws", nil, []string{wire.Subprotocol}, wire.CodeMalformed},
		{"a short id", path[:len(path)-2], nil, []string{wire.Subprotocol}, wire.CodeMalformed},
		{"an id in capitals", "/ws?mesh=" + strings.Repeat("AB", 32), nil, []string{wire.Subprotocol}, wire.CodeMalformed},
		{"two meshes", path + "&mesh=" + m.ID.String(), nil, []string{wire.Subprotocol}, wire.CodeMalformed},
		{"more in the address", path + "&token=x", nil, []string{wire.Subprotocol}, wire.CodeMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			refusedUpgrade(t, x, c.path, c.header, c.subprotocols...).Refused(t, c.want)
		})
	}
	t.Run("no upgrade", func(t *testing.T) {
		x.call(t, http.MethodGet, path, nil).Refused(t, wire.CodeMalformed)
	})
	t.Run("another method", func(t *testing.T) {
		x.call(t, http.MethodPost, path, nil).Refused(t, wire.CodeMethodNotAllowed)
	})
	t.Run("the dashboard's origin", func(t *testing.T) {
		ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(x.URL, "http")+path, &websocket.DialOptions{
			HTTPClient: x.HTTP, Subprotocols: []string{wire.Subprotocol}, HTTPHeader: http.Header{"Origin": {x.Origin}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = ws.CloseNow()
	})
	t.Run("an unknown mesh", func(t *testing.T) {
		dial(t, x, strings.Repeat("ab", 32)).Closes(wire.CodeUnknownMesh)
	})
}

func handshake(t *testing.T, x Target) {
	m := Found(t, x)
	other := Found(t, x)
	stranger := NewDevice(t)
	session := wire.SessionID(Random(wire.ShortIDSize))
	good := wire.Hello{Device: m.Owner.ID, Session: session, Origin: x.Origin}

	for _, c := range []struct {
		name  string
		hello func(*Client) []byte
		want  wire.Code
	}{
		{"a ping first", func(*Client) []byte { return wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)) }, wire.CodeNotWelcome},
		{"a send first", func(*Client) []byte { return wire.AppendFrame(nil, wire.FrameSend, make([]byte, 100)) }, wire.CodeNotWelcome},
		{"an unknown frame first", func(*Client) []byte { return wire.AppendFrame(nil, 0x7f, nil) }, wire.CodeNotWelcome},
		{"no JSON", func(*Client) []byte { return wire.AppendFrame(nil, wire.FrameHello, []byte("hello")) }, wire.CodeMalformed},
		{"an unknown field", func(*Client) []byte {
			return wire.AppendFrame(nil, wire.FrameHello, []byte(`{"name":"x"}`))
		}, wire.CodeUnknownField},
		{"no signature", func(*Client) []byte { return wire.AppendJSONFrame(nil, wire.FrameHello, good) }, wire.CodeBadSignature},
		{"another's signature", func(c *Client) []byte { return c.Hello(good, stranger) }, wire.CodeBadSignature},
		{"a device that is not in the mesh", func(c *Client) []byte {
			return c.Hello(wire.Hello{Device: stranger.ID, Session: session, Origin: x.Origin}, stranger)
		}, wire.CodeUnknownDevice},
		{"a device of another mesh", func(c *Client) []byte {
			return c.Hello(wire.Hello{Device: other.Owner.ID, Session: session, Origin: x.Origin}, other.Owner)
		}, wire.CodeUnknownDevice},
		{"another relay", func(c *Client) []byte {
			return c.Hello(wire.Hello{Device: m.Owner.ID, Session: session, Origin: "https://other.example"}, m.Owner)
		}, wire.CodeWrongOrigin},
		{"an origin that was not signed", func(c *Client) []byte {
			h := good
			h.Origin = "https://other.example"
			h.Signature = m.Owner.sign(wire.HelloBytes(c.Challenge.Nonce, m.ID, h))
			h.Origin = x.Origin
			return wire.AppendJSONFrame(nil, wire.FrameHello, h)
		}, wire.CodeBadSignature},
		{"another mesh", func(c *Client) []byte {
			h := good
			h.Signature = m.Owner.sign(wire.HelloBytes(c.Challenge.Nonce, other.ID, h))
			return wire.AppendJSONFrame(nil, wire.FrameHello, h)
		}, wire.CodeBadSignature},
		{"another session than was signed", func(c *Client) []byte {
			h := good
			h.Signature = m.Owner.sign(wire.HelloBytes(c.Challenge.Nonce, m.ID, h))
			h.Session[0] ^= 1
			return wire.AppendJSONFrame(nil, wire.FrameHello, h)
		}, wire.CodeBadSignature},
		{"a session of zeros", func(c *Client) []byte {
			return c.Hello(wire.Hello{Device: m.Owner.ID, Origin: x.Origin}, m.Owner)
		}, wire.CodeMalformed},
		{"too large", func(*Client) []byte {
			return wire.AppendFrame(nil, wire.FrameHello, make([]byte, wire.MaxJSON+1))
		}, wire.CodeTooLarge},
		{"a hello with much behind it", func(c *Client) []byte {
			return append(c.Hello(good, m.Owner), bytes.Repeat(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)), wire.MaxJSON/13)...)
		}, wire.CodeTooLarge},
		{"an empty message", func(*Client) []byte { return nil }, wire.CodeMalformed},
		{"a frame cut short", func(*Client) []byte { return []byte{byte(wire.FrameHello), 0, 0, 0, 9, '{'} }, wire.CodeMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := m.Dial(t)
			conn.Write(c.hello(conn))
			conn.Closes(c.want)
		})
	}

	t.Run("a recorded hello", func(t *testing.T) {
		first := m.Dial(t)
		recorded := first.Hello(good, m.Owner)
		first.Write(recorded)
		first.ReadJSON(wire.FrameWelcome, &first.Welcome)

		replayed := m.Dial(t)
		replayed.Write(recorded)
		replayed.Closes(wire.CodeBadSignature)

		// It gained nothing: the first connection is still the session's.
		first.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
		first.Read(wire.FramePong)

		// Nor does it open anything on its own connection again.
		first.Write(recorded)
		first.Closes(wire.CodeStaleNonce)
	})
	t.Run("a hello on a mesh that it was not made for", func(t *testing.T) {
		here, there := m.Dial(t), other.Dial(t)
		there.Write(here.Hello(good, m.Owner))
		there.Closes(wire.CodeUnknownDevice)
	})
	t.Run("text", func(t *testing.T) {
		conn := m.Dial(t)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := conn.ws.Write(ctx, websocket.MessageText, conn.Hello(good, m.Owner)); err != nil {
			t.Fatal(err)
		}
		conn.Closes(wire.CodeMalformed)
	})
	t.Run("a newer connection of the session", func(t *testing.T) {
		older := m.ConnectAs(t, m.Owner, session, false)
		newer := m.ConnectAs(t, m.Owner, session, false)
		older.Closes(wire.CodeSuperseded)
		newer.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
		newer.Read(wire.FramePong)
	})
	t.Run("welcome", func(t *testing.T) {
		c := m.Connect(t, m.Owner)
		want := wire.Welcome{
			Mesh: m.ID, Member: m.Owner.Member, Device: m.Owner.ID, Session: c.Session, Head: m.Roster.Head(),
			Position: c.Welcome.Position, Time: c.Welcome.Time, Lease: c.Welcome.Lease, Grace: wire.GraceSeconds,
			Limits: wire.Limits{Envelope: wire.MaxEnvelope, Recipients: wire.MaxRecipients, Frame: wire.MaxFrame},
		}
		if c.Welcome != want || c.Welcome.Position == 0 || c.Welcome.Time == 0 || c.Welcome.Lease == 0 {
			t.Errorf("welcome is %+v, want %+v", c.Welcome, want)
		}
	})
	t.Run("bye", func(t *testing.T) {
		c := m.Connect(t, m.Owner)
		c.Bye(wire.SessionID{})
		for {
			if frame, ok := c.Next(); !ok {
				break
			} else if frame.Type != wire.FramePresence {
				t.Fatalf("frame %#x after bye", frame.Type)
			}
		}
		if status := websocket.CloseStatus(c.ended); status != websocket.StatusNormalClosure {
			t.Errorf("the connection ended with %v", c.ended)
		}
	})
}
