//go:build !js

package apitest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	relayapi "claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
)

// relay is the native relay on a loopback port, with its store in memory. It can be stopped and started again.
type relay struct {
	t       *testing.T
	address string
	store   *memory.Store
	server  *server.Server
	served  chan error
	creates relayapi.Creation
}

func startRelay(t *testing.T) *relay {
	t.Helper()
	r := &relay{t: t, address: "127.0.0.1:0", store: memory.New(time.Now()), creates: relayapi.CreateOpen}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *relay) url() string { return "http://" + r.address }

func (r *relay) start() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = listener.Addr().String()
	_, port, _ := net.SplitHostPort(r.address)
	origin := "http://localhost:" + port
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	r.server = server.New(server.Config{
		Store: r.store, Mesh: mesh.DefaultConfig(origin), Dashboard: relayapi.NoRoute(), Output: server.DefaultOutput, Log: log,
		API: relayapi.Config{Creation: r.creates, Origins: relayapi.NewOrigins(origin), Address: relayapi.ClientAddress(nil), Log: log},
	})
	r.served = make(chan error, 1)
	go func(s *server.Server, served chan error) { served <- s.Serve(listener) }(r.server, r.served)
}

func (r *relay) stop() {
	if r.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r.server.Drain(ctx)
	if err := <-r.served; err != nil {
		r.t.Error(err)
	}
	r.server = nil
	r.store = r.store.Reopen(time.Now())
}
