package main

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
	"claudemesh.com/mesh/wasm/jsvalue"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// exported puts a peer that was not started on the global scope, as main does.
func exported(t *testing.T) (peer safejs.Value, heard *listeners) {
	t.Helper()
	ready := 0
	f := must(safejs.FuncOf(func(safejs.Value, []safejs.Value) any { ready++; return nil }))
	t.Cleanup(f.Release)
	if err := safejs.Global().Set("claudemeshReady", f); err != nil {
		t.Fatal(err)
	}
	heard = new(listeners)
	p := api.New(t.Context(), api.Platform{Entropy: rand.Reader, Now: time.Now, Log: func(string) {}}, heard.tell)
	if err := export(t.Context(), p, heard); err != nil {
		t.Fatal(err)
	}
	if ready != 1 {
		t.Errorf("the worker was told %d times that the peer is there", ready)
	}
	return must(safejs.Global().Get("claudemeshPeer")), heard
}

// script is a JavaScript function of a peer.
func script(t *testing.T, peer safejs.Value, body string) safejs.Value {
	t.Helper()
	f := must(must(safejs.Global().Get("Function")).New("peer", body))
	return must(f.Invoke(peer))
}

func TestEveryMethodIsExported(t *testing.T) {
	peer, _ := exported(t)
	for _, m := range api.Methods {
		if f := must(peer.Get(m.Name)); f.Type() != safejs.TypeFunction {
			t.Errorf("%s is a %s", m.Name, f.Type())
		}
	}
	names := must(script(t, peer, "return Object.keys(peer).sort().join(' ')").String())
	if n := len(strings.Fields(names)); n != len(api.Methods)+1 {
		t.Errorf("the peer has %d methods: %s", n, names)
	}
}

func TestRefusalsAreRealErrors(t *testing.T) {
	peer, _ := exported(t)
	for body, want := range map[string]string{
		"meshes()":                    "true PeerError unavailable true The page has not started the peer yet.",
		"mesh()":                      "true PeerError malformed false there are 0 arguments, and not the 1 of peer.d.ts",
		"mesh(undefined)":             "true PeerError malformed false argument 1 does not fit what peer.d.ts says",
		"mesh(null)":                  "true PeerError malformed false argument 1 does not fit what peer.d.ts says",
		"mesh(() => 1)":               "true PeerError malformed false argument 1 does not fit what peer.d.ts says",
		"mesh(1n)":                    "true PeerError malformed false mesh was called with what is no JSON",
		"messages('a', 'b', 1.5, 1)":  "true PeerError malformed false argument 3 does not fit what peer.d.ts says",
		"send({ meshId: 'a', x: 1 })": "true PeerError malformed false argument 1 does not fit what peer.d.ts says",
	} {
		promise := script(t, peer, "return peer."+body+".then(v => 'gave ' + v, e => [e instanceof Error, e.name, e.code, e.retry, e.message].join(' '))")
		if got := must(must(jsvalue.Await(t.Context(), promise)).String()); got != want {
			t.Errorf("%s: %s\nwant %s", body, got, want)
		}
	}
}

func TestResultsAndNothing(t *testing.T) {
	peer, _ := exported(t)
	promise := script(t, peer, "return peer.wake().then(v => String(v))")
	if got := must(must(jsvalue.Await(t.Context(), promise)).String()); got != "undefined" {
		t.Errorf("a method without a result gives %s", got)
	}
}

// A platform without a clock makes Start panic.
func TestAPanicIsARefusal(t *testing.T) {
	var logged string
	p := api.New(t.Context(), api.Platform{Log: func(line string) { logged = line }}, func(api.Event) {})
	_, err := api.Methods[0].Call(t.Context(), p, [][]byte{[]byte(`{"relay":"http://localhost","build":""}`)})
	if wire.CodeOf(err) != wire.CodeInternal || !strings.Contains(logged, "start panicked") {
		t.Errorf("%v, logged %q", err, logged)
	}
}

func TestEventsReachListenersUntilTheyLeave(t *testing.T) {
	peer, heard := exported(t)
	script(t, peer, `
		globalThis.heard = [];
		peer.on(() => { throw new Error('a bad listener') });
		globalThis.off = peer.on(event => heard.push(event.type + ' ' + event.meshId));`)
	heard.tell(api.MeshEvent{Type: "mesh", MeshID: "1"})
	script(t, peer, "off()")
	heard.tell(api.MeshEvent{Type: "mesh", MeshID: "2"})
	if got := must(script(t, peer, "return heard.join()").String()); got != "mesh 1" {
		t.Errorf("the listener heard %q", got)
	}
}

// page is a result of the size that a conversation's first page has.
func page() []api.Message {
	id := strings.Repeat("0123456789abcdef", 4)
	messages := make([]api.Message, 60)
	for i := range messages {
		messages[i] = api.Message{
			ID: id[:32], Conversation: api.ConversationID("topic:" + id), From: id, FromName: "Ada", FromDevice: id, To: []string{id},
			Topic: id, Text: "A message of some length, as people write them.", Type: "text", Priority: "next", Mentions: []string{},
			SentAt: 1795295628615, ReceivedAt: 1795295628625, State: "received", Seq: uint64(i),
		}
	}
	return messages
}

// BenchmarkPage hands a page of messages over as one JSON text, which is what the program does, and field by field.
func BenchmarkPage(b *testing.B) {
	b.Run("as one JSON text", func(b *testing.B) {
		for b.Loop() {
			must(parse(must(wire.EncodeJSON(page()))))
		}
	})
	b.Run("field by field", func(b *testing.B) {
		for b.Loop() {
			list := make([]any, 0, 60)
			for _, m := range page() {
				list = append(list, map[string]any{
					"id": m.ID, "conversation": string(m.Conversation), "from": m.From, "fromName": m.FromName, "fromDevice": m.FromDevice,
					"to": []any{m.To[0]}, "topic": m.Topic, "text": m.Text, "type": m.Type, "priority": string(m.Priority), "replyTo": "",
					"mentions": []any{}, "sentAt": m.SentAt, "receivedAt": m.ReceivedAt, "state": string(m.State), "error": nil,
					"seq": m.Seq, "gap": m.Gap,
				})
			}
			must(safejs.ValueOf(list))
		}
	})
}

// BenchmarkCall is one call from JavaScript to the refusal and back.
func BenchmarkCall(b *testing.B) {
	p := api.New(context.Background(), api.Platform{Log: func(string) {}}, func(api.Event) {})
	if err := safejs.Global().Set("claudemeshReady", must(safejs.FuncOf(func(safejs.Value, []safejs.Value) any { return nil }))); err != nil {
		b.Fatal(err)
	}
	if err := export(b.Context(), p, new(listeners)); err != nil {
		b.Fatal(err)
	}
	peer := must(safejs.Global().Get("claudemeshPeer"))
	for b.Loop() {
		_, _ = jsvalue.Await(b.Context(), must(peer.Call("wake")))
	}
}
