package jsvalue

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hack-pad/safejs"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// script is what a JavaScript expression gives.
func script(expression string) safejs.Value {
	return must(must(must(safejs.Global().Get("Function")).New("return " + expression)).Invoke())
}

func TestBytesComeBackFromEveryForm(t *testing.T) {
	want := []byte{1, 2, 3}
	for _, expression := range []string{
		"new Uint8Array([1, 2, 3])", "new Uint8Array([1, 2, 3]).buffer", "new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)",
	} {
		if got, err := Bytes(script(expression), 3); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s came as %v, %v", expression, got, err)
		}
		if _, err := Bytes(script(expression), 2); err != ErrTooLong {
			t.Errorf("%s with room for two: %v, want ErrTooLong", expression, err)
		}
	}
	if got, err := Bytes(must(FromBytes(want)), 3); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a round trip gives %v, %v", got, err)
	}
	if got, err := Bytes(must(FromBytes(nil)), 0); err != nil || got == nil || len(got) != 0 {
		t.Errorf("no bytes come back as %v, %v, want an empty slice that is not nil", got, err)
	}
	for _, expression := range []string{"'text'", "[1, 2, 3]", "null", "undefined", "7", "{}", "new Uint16Array([1])"} {
		if _, err := Bytes(script(expression), 100); !errors.Is(err, ErrNotBytes) {
			t.Errorf("%s: %v, want ErrNotBytes", expression, err)
		}
	}
}

func TestAwaitGivesWhatThePromiseDoes(t *testing.T) {
	value, err := Await(t.Context(), script("Promise.resolve('done')"))
	if err != nil || must(value.String()) != "done" {
		t.Errorf("fulfilled: %v", err)
	}
	for expression, want := range map[string]Thrown{
		"Promise.reject(new TypeError('no'))":               {"TypeError", "no"},
		"Promise.reject(new DOMException('full', 'Quota'))": {"Quota", "full"},
		"Promise.reject('text')":                            {"Error", "text"},
		"Promise.reject()":                                  {"Error", "<undefined>"},
	} {
		_, err := Await(t.Context(), script(expression))
		var thrown *Thrown
		if !errors.As(err, &thrown) || *thrown != want {
			t.Errorf("%s: %v, want %v", expression, err, want)
		}
		if NameOf(err) != want.Name {
			t.Errorf("%s has the name %q, want %q", expression, NameOf(err), want.Name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Await(ctx, script("new Promise(() => {})")); !errors.Is(err, context.Canceled) {
		t.Errorf("a promise that nobody settles: %v", err)
	}
}

func TestNamesOfWhatIsThrown(t *testing.T) {
	_, err := script("() => { throw new RangeError('x') }").Invoke()
	if got := NameOf(err); got != "RangeError" {
		t.Errorf("a throw through safejs has the name %q", got)
	}
	if got := NameOf(errors.New("ours")); got != "" {
		t.Errorf("a Go error has the name %q", got)
	}
}
