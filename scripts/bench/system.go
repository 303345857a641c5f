package main

import (
	"context"
	"os"

	"claudemesh.com/mesh/relay/relaytest"
)

// system is something that carries messages between peers, and what is compared here. One more needs a value of this type in
// systems, and a dialect where it is spoken to in another way.
type system struct {
	name string // in flags and in JSON
	says string // in tables
	// start runs it on an empty folder.
	start func(ctx context.Context, o *options, folder string) (*process, error)
	dialect
}

// dialect is how a system is spoken to.
type dialect interface {
	// prepare makes the peers of a plan, with all that they will send, and connects none.
	prepare(ctx context.Context, server *process, p plan) (fleet, error)
}

// The systems, in the order of the tables.
const (
	relaySQLite   = "relay-sqlite"   // the program as it is shipped
	relayMemory   = "relay-memory"   // relay/server on a store in memory
	natsCore      = "nats"           // without JetStream
	natsStream    = "jetstream"      // a sync of the disk for each message
	natsStreamLax = "jetstream-lax"  // a sync of the disk every two minutes, as by default
	bareForwarder = "bare-forwarder" // coder/websocket, one write a message

	relayNode  = "relay-node" // one of those:
	relayOne   = "relay-postgres"
	relayTwo   = "relay-postgres-2"
	relayThree = "relay-postgres-3"
)

var systems = []system{
	{relaySQLite, "relay, SQLite", startRelay, relayDialect{}},
	{relayMemory, "relay, in memory", startOwn(relayMemory), relayDialect{}},
	{natsCore, "NATS", startOwn(natsCore), natsDialect{}},
	{natsStream, "JetStream, sync always", startOwn(natsStream), natsDialect{}},
	{natsStreamLax, "JetStream, sync by default", startOwn(natsStreamLax), natsDialect{}},
	{relayOne, "relay, PostgreSQL", startNodes(1), relayDialect{}},
	{relayTwo, "2 relays, PostgreSQL", startNodes(2), relayDialect{}},
	{relayThree, "3 relays, PostgreSQL", startNodes(3), relayDialect{}},
	{bareForwarder, "bare forwarder", startOwn(bareForwarder), forwarderDialect{}},
}

// startOwn runs a server of this program in a process of its own.
func startOwn(name string) func(context.Context, *options, string) (*process, error) {
	return func(ctx context.Context, _ *options, folder string) (*process, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		p, address, err := start(ctx, true, self, "serve", name, folder)
		if err != nil {
			return nil, err
		}
		p.address, p.origin = address, relaytest.Origin(address)
		return p, nil
	}
}
