package main

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/coder/websocket"
)

// forwarder is the least that carries messages with coder/websocket: one read and one write a message, no rights, nothing kept.
// A message is `to u32 ‖ payload`; the payload goes to that peer, or, where to is toAll, to all but the sender.
type forwarder struct {
	listener net.Listener
	http     *http.Server

	mu    sync.RWMutex
	peers map[uint32]*websocket.Conn
}

const toAll = 1<<32 - 1

func serveForwarder() (*forwarder, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &forwarder{listener: listener, peers: map[uint32]*websocket.Conn{}}
	f.http = &http.Server{Handler: f}
	go func() { _ = f.http.Serve(listener) }()
	return f, nil
}

func (f *forwarder) Address() string { return f.listener.Addr().String() }

func (f *forwarder) Close() {
	_ = f.http.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ws := range f.peers {
		_ = ws.CloseNow()
	}
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	index, err := strconv.ParseUint(r.URL.Query().Get("peer"), 10, 32)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	self := uint32(index)
	f.mu.Lock()
	f.peers[self] = ws
	f.mu.Unlock()
	ctx := context.Background()
	for {
		_, message, err := ws.Read(ctx)
		if err != nil || len(message) < 4 {
			return
		}
		f.forward(ctx, self, binary.BigEndian.Uint32(message), message[4:])
	}
}

func (f *forwarder) forward(ctx context.Context, self, to uint32, payload []byte) {
	f.mu.RLock()
	if to != toAll {
		ws := f.peers[to]
		f.mu.RUnlock()
		if ws != nil {
			_ = ws.Write(ctx, websocket.MessageBinary, payload)
		}
		return
	}
	defer f.mu.RUnlock()
	for index, ws := range f.peers {
		if index != self {
			_ = ws.Write(ctx, websocket.MessageBinary, payload)
		}
	}
}
