package websocket

import (
	"context"
	"sync"
	"time"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// maxUnsent bounds in bytes what the browser holds for the network before Write waits.
const maxUnsent = 4 << 20

// readyState of a WebSocket whose connection is open.
const stateOpen = 1

// Conn is an open WebSocket.
type Conn struct {
	socket safejs.Value
	queue  *queue
	funcs  []safejs.Func
	// opened is closed when the connection is open or has failed.
	opened  chan struct{}
	settled sync.Once
}

var _ driver.Conn = (*Conn)(nil)

// Dialer opens WebSockets with the browser's constructor of the moment. Its zero value is ready.
type Dialer struct{}

var _ driver.Dialer = Dialer{}

// Dial opens a connection. What keeps a browser from connecting it tells nobody, so every failure is wire.CodeUnreachable,
// but for an address that it will not even try (wire.CodeMalformed).
func (Dialer) Dial(ctx context.Context, url string) (driver.Conn, error) {
	class, err := safejs.Global().Get("WebSocket")
	if err != nil {
		return nil, err
	}
	socket, err := class.New(url, wire.Subprotocol)
	if err != nil {
		if jsvalue.NameOf(err) == "SecurityError" {
			return nil, wire.Errorf(wire.CodeUnreachable, "This page was loaded over https, and browsers let such pages connect to wss:// relays only.")
		}
		return nil, wire.Errorf(wire.CodeMalformed, "The browser does not take this address of a relay.")
	}
	c := &Conn{socket: socket, queue: newQueue(), opened: make(chan struct{})}
	if err := c.listen(); err != nil {
		return nil, err
	}
	if err := c.open(ctx); err != nil {
		_ = c.Close(closeNormal, "")
		return nil, err
	}
	return c, nil
}

// open waits until the connection is open, for a while: a browser itself may wait for minutes.
func (c *Conn) open(ctx context.Context) error {
	timer := time.NewTimer(wire.HandshakeSeconds * time.Second)
	defer timer.Stop()
	select {
	case <-c.opened:
	case <-timer.C:
		return wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time.")
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.queue.ended(); err != nil {
		return err
	}
	protocol, err := c.socket.Get("protocol")
	if err != nil {
		return err
	}
	if spoken, err := protocol.String(); err != nil || spoken != wire.Subprotocol {
		return wire.Errorf(wire.CodeUnsupported, "What answers at this address is not a claudemesh relay of this version.")
	}
	return nil
}

// listen takes the socket's events until it is closed, the last of them.
func (c *Conn) listen() error {
	if err := c.socket.Set("binaryType", "arraybuffer"); err != nil {
		return err
	}
	for name, handle := range map[string]func(event safejs.Value){
		"onopen":    func(safejs.Value) { c.settle() },
		"onmessage": c.received,
		"onclose":   c.closed,
	} {
		f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
			handle(args[0])
			return nil
		})
		if err != nil {
			return err
		}
		c.funcs = append(c.funcs, f)
		if err := c.socket.Set(name, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) settle() { c.settled.Do(func() { close(c.opened) }) }

func (c *Conn) received(event safejs.Value) {
	data, err := event.Get("data")
	var message []byte
	if err == nil {
		message, err = jsvalue.Bytes(data, wire.MaxSocketMessage)
	}
	if err != nil {
		err = wire.Errorf(wire.CodeMalformed, "The relay sent what is no binary message of at most %d bytes.", wire.MaxSocketMessage)
	} else {
		err = c.queue.push(message)
	}
	if err != nil {
		c.queue.finish(err)
		_ = c.Close(closeRefused, string(wire.CodeOf(err)))
	}
}

func (c *Conn) closed(event safejs.Value) {
	c.queue.finish(closeError(event))
	c.settle()
	for _, f := range c.funcs {
		f.Release()
	}
}

// abnormal is the code of a connection that ended without a close frame; it says nothing.
const abnormal = 1006

func closeError(event safejs.Value) error {
	refusal := wire.Refuse(wire.CodeUnreachable)
	value, err := event.Get("code")
	if err != nil {
		return refusal
	}
	code, err := value.Int()
	if err != nil || code == abnormal {
		return refusal
	}
	return wire.Errorf(wire.CodeUnreachable, "The relay ended the connection (%d).", code)
}

// Read is the next message, in order; after the last one the reason why the connection ended.
func (c *Conn) Read(ctx context.Context) ([]byte, error) { return c.queue.pop(ctx) }

// Write hands a message to the browser, and first waits while that holds much that the network has not taken.
func (c *Conn) Write(ctx context.Context, message []byte) error {
	if err := c.waitForRoom(ctx); err != nil {
		return err
	}
	array, err := jsvalue.FromBytes(message)
	if err != nil {
		return err
	}
	_, err = c.socket.Call("send", array)
	return err
}

// waitForRoom polls, because a WebSocket has no event for it.
func (c *Conn) waitForRoom(ctx context.Context) error {
	for {
		if err := c.queue.ended(); err != nil {
			return err
		}
		unsent, err := c.number("bufferedAmount")
		if err != nil {
			return err
		}
		state, err := c.number("readyState")
		if err != nil {
			return err
		}
		if state != stateOpen {
			return wire.Refuse(wire.CodeUnreachable)
		}
		if unsent <= maxUnsent {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Conn) number(field string) (int, error) {
	value, err := c.socket.Get(field)
	if err != nil {
		return 0, err
	}
	return value.Int()
}

// Close ends the connection; Read then gives what had arrived, and an error. A code that browsers do not send becomes 4000.
func (c *Conn) Close(code int, reason string) error {
	c.queue.finish(wire.Refuse(wire.CodeUnreachable))
	_, err := c.socket.Call("close", sendable(code), shorten(reason))
	return err
}

// ended is the end's error, or nil.
func (q *queue) ended() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.end
}
