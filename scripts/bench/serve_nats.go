package main

import (
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

type natsServer struct{ *server.Server }

// serveNATS runs a NATS server with its WebSocket listener; with a folder it has JetStream. always: every message is synced to
// the disk before it is acknowledged.
func serveNATS(folder string, always bool) (*natsServer, error) {
	o := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT,
		Websocket:  server.WebsocketOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoTLS: true},
		NoLog:      true,
		NoSigs:     true,
		JetStream:  folder != "",
		StoreDir:   folder,
		SyncAlways: always,
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the NATS server did not become ready")
	}
	return &natsServer{s}, nil
}

func (s *natsServer) Address() string { return strings.TrimPrefix(s.WebsocketURL(), "ws://") }

func (s *natsServer) Close() {
	s.Shutdown()
	s.WaitForShutdown()
}
