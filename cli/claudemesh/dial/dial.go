// Package dial connects the driver to a relay: WebSockets through coder/websocket and bounded HTTP requests.
//
// It knows nothing of frames, and it never retries: the driver decides when to come back.
package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"github.com/coder/websocket"
)

// maxAnswer bounds an HTTP answer, in bytes.
const maxAnswer = 1 << 20

// Relay dials WebSockets and makes HTTP requests; its zero value is ready. It implements driver.Dialer and driver.HTTP.
type Relay struct{}

// Dial opens the WebSocket at url (ws or wss) and asks for the protocol's subprotocol.
func (Relay) Dial(ctx context.Context, url string) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, wire.HandshakeSeconds*time.Second)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      client,
		Subprotocols:    []string{wire.Subprotocol},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if response != nil && response.StatusCode != http.StatusSwitchingProtocols && response.StatusCode >= 400 {
			return nil, wire.Errorf(wire.CodeUnreachable, "the relay did not open a connection: HTTP %d", response.StatusCode)
		}
		return nil, wire.Errorf(wire.CodeUnreachable, "the relay cannot be reached: %v", reason(err))
	}
	if ws.Subprotocol() != wire.Subprotocol {
		ws.CloseNow()
		return nil, wire.Errorf(wire.CodeUnsupported, "what answers at this address is not a claudemesh relay of this version")
	}
	ws.SetReadLimit(wire.MaxSocketMessage)
	return conn{ws}, nil
}

type conn struct{ ws *websocket.Conn }

func (c conn) Read(ctx context.Context) ([]byte, error) {
	kind, message, err := c.ws.Read(ctx)
	if err != nil {
		return nil, ended(err)
	}
	if kind != websocket.MessageBinary {
		err = wire.Errorf(wire.CodeMalformed, "the relay sent text where the protocol has bytes")
	}
	return message, err
}

func (c conn) Write(ctx context.Context, message []byte) error {
	return c.ws.Write(ctx, websocket.MessageBinary, message)
}

func (c conn) Close(code int, reason string) error {
	return c.ws.Close(websocket.StatusCode(code), reason)
}

// client follows no redirect: a relay sends none, and what is sent to it (a join, the operator's token) is for nobody else.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Do makes one request and reads its whole answer, of at most 1 MiB.
func (Relay) Do(ctx context.Context, method, url string, header map[string]string, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, wire.Errorf(wire.CodeMalformed, "this is no address of a relay: %s", url)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, wire.Errorf(wire.CodeUnreachable, "the relay cannot be reached: %v", reason(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, wire.Errorf(wire.CodeUnreachable, "the relay's answer was cut off: %v", reason(err))
	}
	if len(answer) > maxAnswer {
		return 0, nil, wire.Errorf(wire.CodeTooLarge, "the relay's answer is over %d bytes", maxAnswer)
	}
	return response.StatusCode, answer, nil
}

// ended says why a connection can be read no more.
func ended(err error) error {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Errorf("it closed the connection and says %q", closed.Reason)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection broke off")
	}
	return reason(err)
}

// reason is the innermost cause: "connection refused" says more to a person than the chain around it.
func reason(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		if errors.Is(inner, context.DeadlineExceeded) {
			return fmt.Errorf("no answer in time")
		}
		err = inner
	}
}
