package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/wasm/api"
	"claudemesh.com/mesh/wasm/fetch"
	"claudemesh.com/mesh/wasm/websocket"
)

// client is what this program calls itself in cards.
const client = "claudemesh in a browser"

func main() {
	program := context.Background()
	listeners := new(listeners)
	peer := api.New(program, api.Platform{
		Storage:   storage{},
		Dialer:    websocket.Dialer{},
		HTTP:      fetch.Client{},
		Entropy:   rand.Reader,
		Now:       time.Now,
		Persisted: persisted,
		Client:    client,
		Version:   version,
		Log:       log,
	}, listeners.tell)
	if err := export(program, peer, listeners); err != nil {
		// The worker sees the program end, and why.
		panic(err)
	}
	select {}
}

// log writes a sentence to the browser's console.
func log(sentence string) {
	if console, err := safejs.Global().Get("console"); err == nil {
		_, _ = console.Call("warn", "claudemesh: "+sentence)
	}
}
