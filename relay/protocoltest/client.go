package protocoltest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/shared/wire"
)

// patience ends a test that waits for what does not come.
const patience = 30 * time.Second

// Client is one connection to a relay, as a test drives it. A step that does not go as it says ends the test.
type Client struct {
	t         testing.TB
	Mesh      *Mesh
	Device    *Device
	Session   wire.SessionID
	Welcome   wire.Welcome
	Challenge wire.Challenge

	ws    *websocket.Conn
	rest  []byte // of the message being read
	ref   uint64
	ended error

	outbox []wire.Send // what was sent, by its counters
	seen   map[wire.SessionID]wire.SessionState
}

// Dial opens a connection to a mesh and reads the challenge.
func (m *Mesh) Dial(t testing.TB) *Client {
	t.Helper()
	c := dial(t, m.Target, m.ID.String())
	c.Mesh = m
	c.ReadJSON(wire.FrameChallenge, &c.Challenge)
	if len(c.Challenge.Nonce) != wire.ChallengeSize {
		t.Fatalf("the challenge has %d bytes", len(c.Challenge.Nonce))
	}
	return c
}

func dial(t testing.TB, target Target, mesh string) *Client {
	t.Helper()
	c, err := open(t, target, mesh)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, target Target, mesh string) (*Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(target.URL, "http")+"/ws?mesh="+mesh, &websocket.DialOptions{
		HTTPClient:   target.HTTP,
		Subprotocols: []string{wire.Subprotocol},
	})
	if err != nil {
		return nil, err
	}
	if ws.Subprotocol() != wire.Subprotocol {
		t.Fatalf("the relay chose the subprotocol %q", ws.Subprotocol())
	}
	ws.SetReadLimit(wire.MaxSocketMessage)
	c := &Client{t: t, ws: ws}
	t.Cleanup(c.HangUp)
	return c, nil
}

// Connect opens a connection as a device, in a session of its own, up to welcome.
func (m *Mesh) Connect(t testing.TB, d *Device) *Client {
	t.Helper()
	return m.ConnectAs(t, d, wire.SessionID(Random(wire.ShortIDSize)), false)
}

// ConnectAs is Connect in a session that the caller names.
func (m *Mesh) ConnectAs(t testing.TB, d *Device, session wire.SessionID, oneShot bool) *Client {
	t.Helper()
	c := m.Dial(t)
	c.Device, c.Session = d, session
	c.Write(c.Hello(wire.Hello{Device: d.ID, Session: session, OneShot: oneShot, Origin: m.Target.Origin}, d))
	c.ReadJSON(wire.FrameWelcome, &c.Welcome)
	return c
}

// Return is Connect to a relay that may not have found back yet what it stands on: what it refuses for now is tried again.
func (m *Mesh) Return(t testing.TB, d *Device) *Client {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		c, err := open(t, m.Target, m.ID.String())
		if err != nil {
			continue
		}
		c.Mesh, c.Device, c.Session = m, d, wire.SessionID(Random(wire.ShortIDSize))
		frame, more := c.Next()
		if more && frame.Type == wire.FrameChallenge {
			c.decode(frame.Payload, &c.Challenge)
			c.Write(c.Hello(wire.Hello{Device: d.ID, Session: c.Session, Origin: m.Target.Origin}, d))
			frame, more = c.Next()
		}
		if more && frame.Type == wire.FrameWelcome {
			c.decode(frame.Payload, &c.Welcome)
			return c
		}
		if more {
			var bye wire.Close
			if c.decode(frame.Payload, &bye); frame.Type != wire.FrameClose || !bye.Retry {
				t.Fatalf("the relay answers a hello with frame %#x %q", frame.Type, frame.Payload)
			}
		}
		c.HangUp()
	}
	t.Fatal("the relay welcomes nobody")
	return nil
}

// Hello signs a hello with a device's key, over this connection's nonce.
func (c *Client) Hello(h wire.Hello, by *Device) []byte {
	h.Signature = by.sign(wire.HelloBytes(c.Challenge.Nonce, c.Mesh.ID, h))
	return wire.AppendJSONFrame(nil, wire.FrameHello, h)
}

// Write sends one WebSocket message.
func (c *Client) Write(message []byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageBinary, message); err != nil {
		c.t.Fatal(err)
	}
}

// Next reads the next frame; false when the relay closed the connection.
func (c *Client) Next() (wire.Frame, bool) {
	c.t.Helper()
	if len(c.rest) == 0 {
		ctx, cancel := context.WithTimeout(c.t.Context(), patience)
		defer cancel()
		kind, message, err := c.ws.Read(ctx)
		if err != nil {
			c.ended = err
			return wire.Frame{}, false
		}
		if kind != websocket.MessageBinary {
			c.t.Fatalf("the relay sent %q as text", message)
		}
		c.rest = message
	}
	frame, rest, err := wire.NextFrame(c.rest)
	if err != nil {
		c.t.Fatalf("the relay sent what is no frame: %v", err)
	}
	c.rest = rest
	return frame, true
}

// HangUp ends the connection without a word.
func (c *Client) HangUp() { _ = c.ws.CloseNow() }

// Until reads up to the next frame of the type; false when the relay closed the connection before.
func (c *Client) Until(want wire.FrameType) (wire.Frame, bool) {
	c.t.Helper()
	for {
		frame, ok := c.Next()
		if !ok || frame.Type == want {
			return frame, ok
		}
	}
}

// Read gives the payload of the next frame, which must be of the type. Presence is passed over, unless it is asked for.
func (c *Client) Read(want wire.FrameType) []byte {
	c.t.Helper()
	return c.readAny(want).Payload
}

// readAny is Read of a frame of one of several types.
func (c *Client) readAny(want ...wire.FrameType) wire.Frame {
	c.t.Helper()
	for {
		frame, ok := c.Next()
		switch {
		case !ok:
			c.t.Fatalf("the connection ended while frame %#x was awaited: %v", want, c.ended)
		case slices.Contains(want, frame.Type):
			return frame
		case frame.Type != wire.FramePresence:
			c.t.Fatalf("frame %#x %q, want %#x", frame.Type, frame.Payload, want)
		}
	}
}

// ReadJSON reads the next frame, which must be of the type, into v.
func (c *Client) ReadJSON(want wire.FrameType, v any) {
	c.t.Helper()
	c.decode(c.Read(want), v)
}

func (c *Client) decode(payload []byte, v any) {
	c.t.Helper()
	if err := wire.DecodeJSON(payload, wire.MaxJSON, v); err != nil {
		c.t.Fatalf("%v: %s", err, payload)
	}
}

// Complains reads an error frame, which must be of the code.
func (c *Client) Complains(code wire.Code) {
	c.t.Helper()
	var e wire.Error
	c.ReadJSON(wire.FrameError, &e)
	if e.Code != code || e.Message == "" || e.Retry != code.Info().Retry {
		c.t.Errorf("the relay complains of %+v, want %s", e, code)
	}
}

// Closes reads a close frame, which must be of the code, and then the end of the connection.
func (c *Client) Closes(code wire.Code) wire.Close {
	c.t.Helper()
	var bye wire.Close
	c.ReadJSON(wire.FrameClose, &bye)
	if bye.Code != code || bye.Message == "" || bye.Retry != code.Info().Retry {
		c.t.Errorf("the relay closes for %+v, want %s", bye, code)
	}
	if frame, ok := c.Next(); ok {
		c.t.Fatalf("frame %#x after the close frame", frame.Type)
	}
	var status websocket.CloseError
	if !errors.As(c.ended, &status) || int(status.Code) != 4000+code.Info().Status || status.Reason != string(code) {
		c.t.Errorf("the connection ended with %v, want status %d and reason %s", c.ended, 4000+code.Info().Status, code)
	}
	return bye
}

// Append appends a statement and reads the reply.
func (c *Client) Append(a wire.Append) wire.Reply {
	c.t.Helper()
	c.ref++
	a.Ref = c.ref
	c.Write(wire.AppendJSONFrame(nil, wire.FrameAppend, a))
	var reply wire.Reply
	c.ReadJSON(wire.FrameReply, &reply)
	if reply.Ref != c.ref {
		c.t.Fatalf("a reply to %d, want %d", reply.Ref, c.ref)
	}
	return reply
}

// Tail asks for streams from behind a position.
func (c *Client) Tail(after wire.Position, streams ...wire.Stream) {
	c.t.Helper()
	var list wire.Tail
	for _, s := range streams {
		list.Streams = append(list.Streams, wire.NewTailItem(s, after))
	}
	c.Write(wire.AppendJSONFrame(nil, wire.FrameTail, list))
}

// Live reads a live frame of the stream.
func (c *Client) Live(s wire.Stream) wire.Position {
	c.t.Helper()
	live, err := wire.ParseCursor(c.Read(wire.FrameLive))
	if err != nil || live.Stream != s {
		c.t.Fatalf("live at %+v (%v), want %+v", live, err, s)
	}
	return live.Position
}

// refusedUpgrade tries to open a connection that the relay refuses over HTTP.
func refusedUpgrade(t testing.TB, target Target, path string, header http.Header, subprotocols ...string) Answer {
	t.Helper()
	pairs := []string{
		"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg==",
		"Sec-WebSocket-Protocol", strings.Join(subprotocols, ", "),
	}
	for name, values := range header {
		for _, value := range values {
			pairs = append(pairs, name, value)
		}
	}
	return target.call(t, http.MethodGet, path, nil, pairs...)
}
