package main

import (
	"context"
	"fmt"
)

// row is one kind of load and what is measured under it.
type row struct {
	name, says string
	systems    []string
	figures    []figure
	// run puts the load on a fresh server.
	run func(ctx context.Context, r *run) (figures, error)
}

// figure is one column of a row's table.
type figure struct {
	name, says string
	unit       float64 // what a value is divided by to be shown
	digits     int
}

// figures are a run's, by name: seconds, bytes, numbers.
type figures map[string]float64

const (
	micro = 1e-6
	milli = 1e-3
	kibi  = 1 << 10
	mega  = 1e6
)

var (
	rate     = figure{"rate", "messages a second", 1, 0}
	cpu      = figure{"cpu", "CPU s a million", 1, 2}
	p50      = figure{"p50", "p50, µs", micro, 0}
	p50Milli = figure{"p50", "p50, ms", milli, 0}
	p99      = figure{"p99", "p99, µs", micro, 0}
	p99Milli = figure{"p99", "p99, ms", milli, 0}
	peak     = figure{"peak", "most memory, MB", mega, 0}
	share    = figure{"delivered", "delivered, %", 0.01, 2}
)

// sizes are how much load each row puts on.
type sizes struct {
	pairs, perPair       int
	trips                int
	subscribers, posts   int
	connections, meshes  int
	writers, perWriter   int
	backlog              int
	peers, perPeer       int
	window, peerWindow   int
	message, postMessage int
	topics, members      []int // by which the growth of costs is told
}

var fullSizes = sizes{
	pairs: 50, perPair: 4000, trips: 3000, subscribers: 100, posts: 2000, connections: 2000, meshes: 20,
	writers: 50, perWriter: 200, backlog: 100_000, peers: 100, perPeer: 1000,
	window: 16, peerWindow: 64, message: 256, postMessage: 1024,
	topics: []int{1, 100, 1000, 10_000}, members: []int{100, 10_000, 100_000},
}

var shortSizes = sizes{
	pairs: 50, perPair: 400, trips: 100, subscribers: 100, posts: 200, connections: 200, meshes: 2,
	writers: 50, perWriter: 20, backlog: 5000, peers: 100, perPeer: 100,
	window: 16, peerWindow: 64, message: 256, postMessage: 1024,
	topics: []int{1, 10_000}, members: []int{100, 10_000},
}

func rowsOf(z sizes) []row {
	return append([]row{
		{
			"routing", fmt.Sprintf("Routing: %d pairs, %d B, window %d", z.pairs, z.message, z.window),
			[]string{relaySQLite, relayMemory, natsCore, bareForwarder}, []figure{rate, cpu, p50, p99}, routing,
		}, {
			"nodes", fmt.Sprintf("Nodes: %d pairs, %d B, window %d, each pair over two relays where there are several; CPU with PostgreSQL's", z.pairs, z.message, z.window),
			[]string{relayOne, relayTwo, relayThree}, []figure{rate, cpu, p50, p99}, routing,
		}, {
			"rtt", fmt.Sprintf("Ping-pong: one pair, %d B", z.message),
			[]string{relaySQLite, relayMemory, natsCore, bareForwarder}, []figure{p50, p99, cpu}, roundTrip,
		}, {
			"fanout", fmt.Sprintf("Fan-out: 1 to %d in a topic, %d B, window %d; figures of deliveries", z.subscribers, z.postMessage, z.window),
			[]string{relaySQLite, relayMemory, natsCore, bareForwarder}, []figure{rate, cpu, p99}, fanOut,
		}, {
			"idle", fmt.Sprintf("%d connections come, %d at once, and stay", z.connections, connectsAtOnce),
			[]string{relaySQLite, relayMemory, natsCore, bareForwarder},
			[]figure{
				{"connects", "connects a second", 1, 0}, {"connect_cpu", "CPU ms a connect", milli, 2},
				{"memory", "KiB each", kibi, 1}, {"collected", "KiB each, garbage collected", kibi, 1}, {"goroutines", "goroutines each", 1, 2},
			}, idle,
		}, {
			"stored", fmt.Sprintf("Stored: %d writers, %d B, window %d", z.writers, z.message, z.window),
			[]string{relaySQLite, natsStream}, []figure{rate, cpu}, stored,
		}, {
			"drain", fmt.Sprintf("Drain: %d messages of %d B wait for one device", z.backlog, z.message),
			[]string{relaySQLite, natsStreamLax},
			[]figure{rate, cpu, peak, {"fill", "before: stored a second", 1, 0}, {"fill_cpu", "before: CPU s a million", 1, 2}}, drain,
		}, {
			"load", fmt.Sprintf("%d peers each send %d messages of %d B to random others, window %d, with cursors", z.peers, z.perPeer, z.message, z.peerWindow),
			[]string{relaySQLite, relayMemory, natsCore, bareForwarder}, []figure{share, rate, p50Milli, p99Milli, peak, cpu}, load,
		},
	}, growthRows(z)...)
}
