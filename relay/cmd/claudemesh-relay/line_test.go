package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/wire"
)

// line is a connection.
type line struct {
	ws   *websocket.Conn
	rest []byte
}

func (l *line) next(ctx context.Context) (wire.Frame, error) {
	if len(l.rest) == 0 {
		_, message, err := l.ws.Read(ctx)
		if err != nil {
			return wire.Frame{}, err
		}
		l.rest = message
	}
	frame, rest, err := wire.NextFrame(l.rest)
	if err != nil {
		return frame, wrongError{err}
	}
	l.rest = rest
	return frame, nil
}

func (l *line) write(ctx context.Context, message []byte) error {
	return l.ws.Write(ctx, websocket.MessageBinary, message)
}

// connect opens a connection up to welcome, and asks for everything from where it was read to.
func (x *talker) connect(ctx context.Context) (*line, error) {
	l, err := x.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := x.greet(ctx, l); err != nil {
		l.ws.CloseNow()
		return nil, err
	}
	return l, nil
}

func (x *talker) dial(ctx context.Context) (*line, error) {
	target := x.group.Target
	ws, response, err := websocket.Dial(ctx, "ws"+target.URL[len("http"):]+"/ws?mesh="+x.group.ID.String(), &websocket.DialOptions{
		HTTPClient: target.HTTP, Subprotocols: []string{wire.Subprotocol},
	})
	if response != nil && response.StatusCode == http.StatusNotFound {
		return nil, wrong("the relay has no such mesh any more")
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(wire.MaxSocketMessage)
	return &line{ws: ws}, nil
}

// hello proves who the peer is.
func (x *talker) hello(ctx context.Context, l *line) (welcome wire.Welcome, err error) {
	var challenge wire.Challenge
	hello := wire.Hello{Device: x.device.ID, Session: wire.SessionID(protocoltest.Random(wire.ShortIDSize)), Origin: x.group.Target.Origin}
	if err := x.expect(ctx, l, wire.FrameChallenge, &challenge); err != nil {
		return welcome, err
	}
	signature, err := x.device.Keys.Sign(ctx, wire.HelloBytes(challenge.Nonce, x.group.ID, hello))
	if err != nil {
		return welcome, err
	}
	hello.Signature = signature
	if err := l.write(ctx, wire.AppendJSONFrame(nil, wire.FrameHello, hello)); err != nil {
		return welcome, err
	}
	return welcome, x.expect(ctx, l, wire.FrameWelcome, &welcome)
}

func (x *talker) greet(ctx context.Context, l *line) error {
	welcome, err := x.hello(ctx, l)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if last := welcome.LastCounter; last < x.accepted || last > uint64(len(x.sent)) {
		return wrong("the last counter is %d, and of %d sends %d are accepted", last, len(x.sent), x.accepted)
	}
	// What was stored and not told before a crash is told by this counter alone.
	x.accepted, x.next = welcome.LastCounter, welcome.LastCounter+1
	x.ended, x.appended, x.pings = false, false, make(map[uint64]wire.Cursor)
	var tail wire.Tail
	for stream, log := range x.logs {
		log.live = false
		tail.Streams = append(tail.Streams, wire.NewTailItem(stream, log.position))
	}
	return l.write(ctx, wire.AppendJSONFrame(nil, wire.FrameTail, tail))
}

func (x *talker) expect(ctx context.Context, l *line, want wire.FrameType, v any) error {
	for {
		frame, err := l.next(ctx)
		switch {
		case err != nil:
			return err
		case frame.Type == want:
			return wire.DecodeJSON(frame.Payload, wire.MaxJSON, v)
		case frame.Type == wire.FrameClose:
			return x.closed(frame.Payload)
		}
	}
}

func (x *talker) closed(payload []byte) error {
	var bye wire.Close
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &bye); err != nil {
		return wrongError{err}
	}
	if !x.crowd.allowed[bye.Code] {
		return wrong("the relay closed the connection: %s: %s", bye.Code, bye.Message)
	}
	return fmt.Errorf("closed: %s", bye.Code)
}
