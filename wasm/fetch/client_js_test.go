package fetch

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// blobURL makes an address under which the browser answers with these bytes.
func blobURL(t *testing.T, content []byte) string {
	t.Helper()
	parts := []any{must(jsvalue.FromBytes(content))}
	blob := must(must(safejs.Global().Get("Blob")).New(parts))
	class := must(safejs.Global().Get("URL"))
	url := must(class.Call("createObjectURL", blob))
	t.Cleanup(func() { must(class.Call("revokeObjectURL", url)) })
	return must(url.String())
}

// replaceFetch runs a function body (url, options) instead of the browser's fetch.
func replaceFetch(t *testing.T, body string) {
	t.Helper()
	global := safejs.Global()
	original := must(global.Get("fetch"))
	if err := global.Set("fetch", must(must(global.Get("Function")).New("url", "options", body))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = global.Set("fetch", original) })
}

func get(ctx context.Context, url string) (int, []byte, error) {
	return Client{}.Do(ctx, "GET", url, nil, nil)
}

func TestAnswersComeWhole(t *testing.T) {
	for _, n := range []int{0, 1, 100_000, MaxAnswer} {
		want := bytes.Repeat([]byte{7}, n)
		status, got, err := get(t.Context(), blobURL(t, want))
		if err != nil || status != 200 || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came as %d with status %d, %v", n, len(got), status, err)
		}
	}
}

func TestAnAnswerOverTheBoundIsRefused(t *testing.T) {
	if _, _, err := get(t.Context(), blobURL(t, make([]byte, MaxAnswer+1))); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("one byte too many: %v, want too_large", err)
	}
	// A body that never ends is cut off too.
	replaceFetch(t, `return Promise.resolve(new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)) } })))`)
	if _, _, err := get(t.Context(), "x:"); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("an endless answer: %v, want too_large", err)
	}
}

func TestARequestIsMadeAsAsked(t *testing.T) {
	replaceFetch(t, `
		const { method, headers, body, credentials, cache, redirect, referrerPolicy } = options;
		const text = JSON.stringify({ url, method, headers, body: new TextDecoder().decode(body), credentials, cache, redirect, referrerPolicy });
		return Promise.resolve(new Response(text, { status: 410 }));`)
	status, answer, err := Client{}.Do(t.Context(), "POST", "https://relay.example/x", map[string]string{"Authorization": "Bearer t"}, []byte("body"))
	want := `{"url":"https://relay.example/x","method":"POST","headers":{"Authorization":"Bearer t"},"body":"body",` +
		`"credentials":"omit","cache":"no-store","redirect":"error","referrerPolicy":"no-referrer"}`
	if err != nil || status != 410 || string(answer) != want {
		t.Errorf("status %d, %v\n got %s\nwant %s", status, err, answer, want)
	}
}

func TestFailuresAreUnreachable(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/", "blob:nothing", "http://"} {
		if _, _, err := get(t.Context(), url); wire.CodeOf(err) != wire.CodeUnreachable {
			t.Errorf("%s: %v, want unreachable", url, err)
		}
	}
	replaceFetch(t, `return Promise.resolve(new Response(new ReadableStream({ start(c) { c.error(new Error('cut')) } })))`)
	if _, _, err := get(t.Context(), "x:"); wire.CodeOf(err) != wire.CodeUnreachable {
		t.Errorf("an answer that breaks off: %v, want unreachable", err)
	}
}

func TestARequestThatIsCalledOffIsAborted(t *testing.T) {
	replaceFetch(t, `globalThis.fetchSignal = options.signal; return new Promise(() => {})`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := get(ctx, "x:"); !errors.Is(err, context.Canceled) {
		t.Errorf("Do = %v, want context.Canceled", err)
	}
	signal := must(safejs.Global().Get("fetchSignal"))
	if aborted := must(must(signal.Get("aborted")).Bool()); !aborted {
		t.Error("the browser was not told to stop")
	}
}
