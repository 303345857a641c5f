package fetch

import (
	"context"
	"time"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// MaxAnswer bounds an answer's body in bytes; a longer one is wire.CodeTooLarge.
const MaxAnswer = 1 << 20

// limit bounds a request from its start to the last byte of its answer.
const limit = 30 * time.Second

// Client makes requests. Its zero value is ready.
type Client struct{}

var _ driver.HTTP = Client{}

// Do makes one request. Browsers tell no program why a request failed, so that is always wire.CodeUnreachable.
func (Client) Do(ctx context.Context, method, url string, header map[string]string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time."))
	defer cancel()
	controller, err := abortController()
	if err != nil {
		return 0, nil, err
	}
	// Aborting what has ended does nothing.
	defer func() { _, _ = controller.Call("abort") }()
	options, err := requestOptions(controller, method, header, body)
	if err != nil {
		return 0, nil, err
	}
	promise, err := safejs.Global().Call("fetch", url, options)
	if err != nil {
		return 0, nil, err
	}
	response, err := jsvalue.Await(ctx, promise)
	if err != nil {
		return 0, nil, failed(ctx, err)
	}
	value, err := response.Get("status")
	if err != nil {
		return 0, nil, err
	}
	if status, err = value.Int(); err != nil {
		return 0, nil, err
	}
	answer, err = readAll(ctx, response)
	return status, answer, failed(ctx, err)
}

func failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case wire.CodeOf(err) == wire.CodeTooLarge:
		return err
	}
	return wire.Refuse(wire.CodeUnreachable)
}

func abortController() (safejs.Value, error) {
	class, err := safejs.Global().Get("AbortController")
	if err != nil {
		return safejs.Value{}, err
	}
	return class.New()
}

func requestOptions(controller safejs.Value, method string, header map[string]string, body []byte) (map[string]any, error) {
	signal, err := controller.Get("signal")
	if err != nil {
		return nil, err
	}
	headers := make(map[string]any, len(header))
	for name, value := range header {
		headers[name] = value
	}
	options := map[string]any{
		"method": method, "headers": headers, "signal": signal,
		"credentials": "omit", "cache": "no-store", "redirect": "error", "referrerPolicy": "no-referrer",
	}
	if body != nil {
		if options["body"], err = jsvalue.FromBytes(body); err != nil {
			return nil, err
		}
	}
	return options, nil
}

// readAll reads the body piece by piece, so that one without end is not collected before it is measured.
func readAll(ctx context.Context, response safejs.Value) ([]byte, error) {
	body, err := response.Get("body")
	if err != nil || body.Type() != safejs.TypeObject {
		return nil, err
	}
	reader, err := body.Call("getReader")
	if err != nil {
		return nil, err
	}
	var answer []byte
	for {
		promise, err := reader.Call("read")
		if err != nil {
			return nil, err
		}
		piece, err := jsvalue.Await(ctx, promise)
		if err != nil {
			return nil, err
		}
		value, err := piece.Get("value")
		if err != nil {
			return nil, err
		}
		if value.Type() == safejs.TypeUndefined {
			return answer, nil
		}
		bytes, err := jsvalue.Bytes(value, MaxAnswer-len(answer))
		if err == jsvalue.ErrTooLong {
			return nil, wire.Errorf(wire.CodeTooLarge, "The relay's answer is longer than %d bytes.", MaxAnswer)
		}
		if err != nil {
			return nil, err
		}
		answer = append(answer, bytes...)
	}
}
