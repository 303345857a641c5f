package webcrypto

import (
	"context"
	"errors"
	"fmt"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// What a browser that cannot hold keys lacks; both have wire.CodeUnsupported.
var (
	ErrInsecure = wire.Errorf(wire.CodeUnsupported, "This page was not loaded over a secure connection, and browsers make keys on secure pages only. Open it over https, or on localhost.")
	ErrNoCurves = wire.Errorf(wire.CodeUnsupported, "This browser cannot make the keys that claudemesh needs (Ed25519 and X25519 in WebCrypto). Use Chrome or Edge 137, Firefox 130, Safari 17, or newer.")
)

// call awaits crypto.subtle.method(args…).
func call(ctx context.Context, method string, args ...any) (safejs.Value, error) {
	crypto, err := safejs.Global().Get("crypto")
	if err != nil {
		return safejs.Value{}, err
	}
	if crypto.Type() != safejs.TypeObject {
		return safejs.Value{}, ErrInsecure
	}
	subtle, err := crypto.Get("subtle")
	if err != nil {
		return safejs.Value{}, err
	}
	if subtle.Type() != safejs.TypeObject {
		return safejs.Value{}, ErrInsecure
	}
	promise, err := subtle.Call(method, args...)
	if err != nil {
		return safejs.Value{}, fmt.Errorf("calling crypto.subtle.%s: %w", method, err)
	}
	value, err := jsvalue.Await(ctx, promise)
	if jsvalue.NameOf(err) == "NotSupportedError" {
		return safejs.Value{}, ErrNoCurves
	}
	if err != nil {
		return safejs.Value{}, fmt.Errorf("crypto.subtle.%s: %w", method, err)
	}
	return value, nil
}

// fill awaits crypto.subtle.method(args…) and copies the ArrayBuffer that it gives, of exactly len(dst) bytes, to dst.
func fill(ctx context.Context, dst []byte, method string, args ...any) error {
	value, err := call(ctx, method, args...)
	if err != nil {
		return err
	}
	b, err := jsvalue.Bytes(value, len(dst))
	if err != nil {
		return err
	}
	if copy(dst, b) != len(dst) {
		return errors.New("webcrypto: crypto.subtle." + method + " gave too few bytes")
	}
	return nil
}
