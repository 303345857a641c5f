// Package relaytest starts relays for tests: a Server within the test's own process, or a Process of the relay's program.
// It does not speak to them, which relay/protocoltest does, and nothing but tests and measurements imports it.
package relaytest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
)

// Config is how a relay's program configures it on loopback, but that there is no dashboard and no limit on who asks how
// often. Its peers sign the origin.
func Config(origin string, s store.Store, log *slog.Logger) server.Config {
	return server.Config{
		Store:     s,
		Mesh:      mesh.DefaultConfig(origin),
		Dashboard: api.NoRoute(),
		Output:    server.DefaultOutput,
		Metrics:   metrics.New(),
		Log:       log,
		API: api.Config{
			Creation: api.CreateOpen,
			Origins:  api.NewOrigins(origin),
			Address:  api.ClientAddress(nil),
			Log:      log,
		},
	}
}

// Origin is the origin of a relay that listens on a loopback address, "host:port".
func Origin(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err) // what a listener gave
	}
	return "http://localhost:" + port
}

// Server is a relay within the test's process, on a loopback port and with its store in memory. Its methods are for one
// goroutine.
type Server struct {
	Creation api.Creation // who may create meshes, from the next Start on

	t       testing.TB
	address string
	store   *memory.Store
	relay   *server.Server // nil while it is stopped
	served  chan error
}

// Serve starts a Server, which is stopped when the test ends. Everyone may create meshes.
func Serve(t testing.TB) *Server {
	t.Helper()
	s := &Server{Creation: api.CreateOpen, t: t, address: "127.0.0.1:0", store: memory.New(time.Now())}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Address is "host:port". It stays the same when the server is started again.
func (s *Server) Address() string { return s.address }

// URL is where peers find it.
func (s *Server) URL() string { return "http://" + s.address }

// Start starts a stopped server again, with what it had stored.
func (s *Server) Start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	config := Config(Origin(s.address), s.store, slog.New(slog.DiscardHandler))
	config.API.Creation = s.Creation
	s.relay, s.served = server.New(config), make(chan error, 1)
	go func(relay *server.Server, served chan error) { served <- relay.Serve(listener) }(s.relay, s.served)
}

// Stop drains the server. It does nothing to a stopped one.
func (s *Server) Stop() {
	if s.relay == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.relay.Drain(ctx)
	if err := <-s.served; err != nil {
		s.t.Error(err)
	}
	s.relay = nil
	s.store = s.store.Reopen(time.Now())
}

// Backup copies what it stored.
func (s *Server) Backup() memory.Backup { return s.store.Backup() }

// Restore puts the store of a stopped server back to a backup.
func (s *Server) Restore(b memory.Backup) {
	const starts = 100 // more than any test makes
	s.store = b.Restore(time.Now(), starts)
}
