package websocket

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// fakeSocket behaves as the HTML standard says of a WebSocket, with a network that the test plays.
const fakeSocket = `
return class {
  constructor(url, protocol) {
    if (!/^wss?:/.test(url)) throw new DOMException('no address of a WebSocket', 'SyntaxError');
    Object.assign(this, { url, protocol, readyState: 0, bufferedAmount: 0, sent: [] });
    globalThis.lastSocket = this;
  }
  send(data) {
    if (this.readyState === 0) throw new DOMException('not open yet', 'InvalidStateError');
    if (this.readyState === 1) this.sent.push(data);
  }
  close(code, reason) {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) throw new DOMException('a code', 'InvalidAccessError');
    if (new TextEncoder().encode(reason).length > 123) throw new DOMException('a reason', 'SyntaxError');
    if (this.readyState < 2) Object.assign(this, { readyState: 2, code, reason });
  }
  open() { this.readyState = 1; this.onopen({}); }
  receive(data) { this.onmessage({ data }); }
  end(code) { this.readyState = 3; this.onclose({ code, reason: '' }); }
}`

// playNetwork replaces the browser's WebSocket for one test and gives the function that waits for the next one made.
func playNetwork(t *testing.T) func() safejs.Value {
	t.Helper()
	global := safejs.Global()
	original := must(global.Get("WebSocket"))
	class := must(must(must(global.Get("Function")).New(fakeSocket)).Invoke())
	if err := global.Set("WebSocket", class); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = global.Set("WebSocket", original)
		_ = global.Delete("lastSocket")
	})
	return func() safejs.Value {
		for {
			if socket := must(global.Get("lastSocket")); socket.Type() == safejs.TypeObject {
				return socket
			}
			yield(t)
		}
	}
}

// yield lets the event loop and every other goroutine go on.
func yield(t *testing.T) {
	t.Helper()
	if _, err := jsvalue.Await(t.Context(), must(must(safejs.Global().Get("Promise")).Call("resolve"))); err != nil {
		t.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

type dialed struct {
	conn driver.Conn
	err  error
}

func dial(ctx context.Context) chan dialed {
	result := make(chan dialed, 1)
	go func() {
		conn, err := Dialer{}.Dial(ctx, "ws://relay.example/ws")
		result <- dialed{conn, err}
	}()
	return result
}

// connected gives an open connection and the socket under it.
func connected(t *testing.T) (driver.Conn, safejs.Value) {
	t.Helper()
	next := playNetwork(t)
	result := dial(t.Context())
	socket := next()
	must(socket.Call("open"))
	d := <-result
	if d.err != nil {
		t.Fatal(d.err)
	}
	return d.conn, socket
}

func property(t *testing.T, socket safejs.Value, name string) string {
	t.Helper()
	return must(must(socket.Get(name)).String())
}

func deliver(t *testing.T, socket safejs.Value, message []byte) {
	t.Helper()
	array := must(jsvalue.FromBytes(message))
	must(socket.Call("receive", must(array.Get("buffer"))))
}

func TestMessagesGoBothWays(t *testing.T) {
	conn, socket := connected(t)
	if got := property(t, socket, "protocol"); got != wire.Subprotocol {
		t.Errorf("subprotocol %q, want %q", got, wire.Subprotocol)
	}
	if got := property(t, socket, "binaryType"); got != "arraybuffer" {
		t.Errorf("binaryType %q", got)
	}
	for _, message := range [][]byte{{}, {1, 2, 3}, make([]byte, wire.MaxSocketMessage)} {
		deliver(t, socket, message)
		if got, err := conn.Read(t.Context()); err != nil || !bytes.Equal(got, message) {
			t.Errorf("a message of %d bytes came as %d bytes, %v", len(message), len(got), err)
		}
		if err := conn.Write(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		sent := must(must(must(socket.Get("sent")).Call("pop")).Get("length"))
		if n := must(sent.Int()); n != len(message) {
			t.Errorf("a message of %d bytes went out as %d bytes", len(message), n)
		}
	}
}

func TestTheEndComesAfterTheLastMessage(t *testing.T) {
	conn, socket := connected(t)
	deliver(t, socket, []byte("last"))
	must(socket.Call("end", 1006))
	if got, err := conn.Read(t.Context()); err != nil || string(got) != "last" {
		t.Fatalf("Read = %q, %v", got, err)
	}
	for range 2 {
		if _, err := conn.Read(t.Context()); wire.CodeOf(err) != wire.CodeUnreachable {
			t.Errorf("Read after the end: %v, want unreachable", err)
		}
	}
	if err := conn.Write(t.Context(), []byte("x")); wire.CodeOf(err) != wire.CodeUnreachable {
		t.Errorf("Write after the end: %v, want unreachable", err)
	}
	if err := conn.Close(1000, ""); err != nil {
		t.Errorf("Close after the end: %v", err)
	}
}

func TestASlowReaderLosesTheConnectionAndNothingElse(t *testing.T) {
	conn, socket := connected(t)
	for range MaxQueued + 1 {
		deliver(t, socket, []byte("m"))
	}
	if got := property(t, socket, "reason"); got != string(wire.CodeSlowReader) {
		t.Errorf("the socket was closed with reason %q, want slow_reader", got)
	}
	for i := range MaxQueued {
		if _, err := conn.Read(t.Context()); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if _, err := conn.Read(t.Context()); wire.CodeOf(err) != wire.CodeSlowReader {
		t.Errorf("after the queue: %v, want slow_reader", err)
	}
}

func TestWhatIsNoMessageClosesTheConnection(t *testing.T) {
	for name, receive := range map[string]func(*testing.T, safejs.Value){
		"text":      func(_ *testing.T, s safejs.Value) { must(s.Call("receive", "text")) },
		"too large": func(t *testing.T, s safejs.Value) { deliver(t, s, make([]byte, wire.MaxSocketMessage+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			conn, socket := connected(t)
			receive(t, socket)
			if _, err := conn.Read(t.Context()); wire.CodeOf(err) != wire.CodeMalformed {
				t.Errorf("Read = %v, want malformed", err)
			}
			if got := property(t, socket, "code"); got != "<number: 4000>" {
				t.Errorf("the socket was closed with %s, want 4000", got)
			}
		})
	}
}

func TestCloseWithACodeThatBrowsersRefuse(t *testing.T) {
	conn, socket := connected(t)
	if err := conn.Close(1011, "internal"); err != nil {
		t.Fatal(err)
	}
	if got := property(t, socket, "code"); got != "<number: 4000>" {
		t.Errorf("closed with %s, want 4000", got)
	}
	if _, err := conn.Read(t.Context()); err == nil {
		t.Error("Read goes on after Close")
	}
}

func TestWriteWaitsForRoom(t *testing.T) {
	conn, socket := connected(t)
	if err := socket.Set("bufferedAmount", maxUnsent+1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() { written <- conn.Write(ctx, []byte("x")) }()
	yield(t)
	if n := must(must(must(socket.Get("sent")).Get("length")).Int()); n != 0 {
		t.Errorf("%d messages went to a socket that is full", n)
	}
	cancel()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("Write = %v, want context.Canceled", err)
	}
	go func() { written <- conn.Write(t.Context(), []byte("y")) }()
	yield(t)
	if err := socket.Set("bufferedAmount", 0); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if n := must(must(must(socket.Get("sent")).Get("length")).Int()); n != 1 {
		t.Errorf("%d messages went out, want 1", n)
	}
}

func TestConnectionsThatDoNotOpen(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		next := playNetwork(t)
		result := dial(t.Context())
		must(next().Call("end", 1006))
		if d := <-result; wire.CodeOf(d.err) != wire.CodeUnreachable {
			t.Errorf("Dial = %v, want unreachable", d.err)
		}
	})
	t.Run("called off", func(t *testing.T) {
		next := playNetwork(t)
		ctx, cancel := context.WithCancel(t.Context())
		result := dial(ctx)
		socket := next()
		cancel()
		if d := <-result; !errors.Is(d.err, context.Canceled) {
			t.Errorf("Dial = %v, want context.Canceled", d.err)
		}
		if got := property(t, socket, "readyState"); got != "<number: 2>" {
			t.Errorf("the socket is left in state %s", got)
		}
		must(socket.Call("end", 1006))
	})
	t.Run("no relay", func(t *testing.T) {
		next := playNetwork(t)
		result := dial(t.Context())
		socket := next()
		if err := socket.Set("protocol", ""); err != nil {
			t.Fatal(err)
		}
		must(socket.Call("open"))
		if d := <-result; wire.CodeOf(d.err) != wire.CodeUnsupported {
			t.Errorf("Dial = %v, want unsupported", d.err)
		}
		must(socket.Call("end", 1005))
	})
	t.Run("no address", func(t *testing.T) {
		playNetwork(t)
		if _, err := (Dialer{}).Dial(t.Context(), "about:blank"); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("Dial = %v, want malformed", err)
		}
	})
}
