package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/relay/store/postgres"
	"claudemesh.com/mesh/relay/store/sqlite"
)

// startRelay runs the relay's own program. For a profile it is relay/server in this program, on the same store.
func startRelay(ctx context.Context, o *options, folder string) (*process, error) {
	if o.profiles != "" {
		return startOwn(relaySQLite)(ctx, o, folder)
	}
	return startProgram(ctx, o, folder)
}

// startProgram runs the relay's own program with some flags more.
func startProgram(ctx context.Context, o *options, folder string, flags ...string) (*process, error) {
	args := []string{
		"serve", "--listen", "127.0.0.1:0", "--data", folder,
		"--claims-per-minute", "0", "--lookups-per-minute", "0", "--meshes-per-minute", "0", "--connects-per-minute", "0",
		"--address-connections", "0", "--mesh-sends-per-second", "0", "--mesh-bytes-per-second", "0",
	}
	p, line, err := start(ctx, false, o.relay, append(args, flags...)...)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Sscanf(line, "claudemesh is ready: http://localhost:%s", &p.address); err != nil {
		return nil, fmt.Errorf("the relay says %q: %w", line, err)
	}
	p.address = net.JoinHostPort("127.0.0.1", p.address)
	p.origin = relaytest.Origin(p.address)
	return p, nil
}

type relayServer struct {
	listener net.Listener
	relay    *server.Server
	store    store.Store
}

// openRelay opens the store of a relay that runs in this program: in memory, on SQLite in a folder, or on a PostgreSQL database.
func openRelay(name, place string) (store.Store, error) {
	switch name {
	case relaySQLite:
		return sqlite.Open(place, time.Now())
	case relayNode:
		return postgres.Open(context.Background(), place, time.Now)
	}
	return memory.New(time.Now()), nil
}

// serveRelay runs a relay as its program does, but for the dashboard.
func serveRelay(name, place string) (*relayServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &relayServer{listener: listener}
	if s.store, err = openRelay(name, place); err != nil {
		return nil, err
	}
	origin := relaytest.Origin(listener.Addr().String())
	config := relaytest.Config(origin, s.store, slog.New(slog.DiscardHandler))
	config.Mesh.AllSends, config.Mesh.AllBytes = mesh.Rate{}, mesh.Rate{}
	s.relay = server.New(config)
	go func() {
		if err := s.relay.Serve(listener); err != nil {
			panic(err)
		}
	}()
	return s, nil
}

func (s *relayServer) Address() string { return s.listener.Addr().String() }

func (s *relayServer) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	s.relay.Drain(ctx)
	_ = s.store.Close()
}
