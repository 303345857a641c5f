package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/wire"
)

// membersPerMesh is well below what a relay takes.
const membersPerMesh = 2500

// growthRows are a row for each size: what an append costs while so much is kept and idle, and while all of it is written to.
func growthRows(z sizes) (rows []row) {
	for _, n := range z.topics {
		rows = append(rows, growthRow(fmt.Sprintf("topics-%d", n), fmt.Sprintf("%d topics in a mesh: posts to one of them, and to all", n), 1, 100, n, postTo))
	}
	for _, n := range z.members {
		meshes := 1 + (n-1)/membersPerMesh
		says := fmt.Sprintf("%d members in %d meshes: direct messages among %d of one mesh, and to all", n, meshes, z.writers)
		rows = append(rows, growthRow(fmt.Sprintf("members-%d", n), says, meshes, n/meshes, 1, writeTo))
	}
	return rows
}

// address makes the next envelope of a device, to one of few or to one of all.
type address func(t *town, from *protocoltest.Device, all bool, size int, random *rand.Rand) []byte

func postTo(t *town, from *protocoltest.Device, all bool, size int, random *rand.Rand) []byte {
	topic := t.topics[0]
	if all {
		topic = t.topics[random.IntN(len(t.topics))]
	}
	return t.mesh.Topic(from, size, topic)
}

func writeTo(t *town, from *protocoltest.Device, all bool, size int, random *rand.Rand) []byte {
	for {
		to := t.writers[random.IntN(len(t.writers))].Member
		if all {
			to = t.members[random.IntN(len(t.members))]
		}
		if to != from.Member {
			return t.mesh.Direct(from, size, to)
		}
	}
}

func growthRow(name, says string, meshes, members, topics int, next address) row {
	return row{
		name: name, says: says, systems: []string{relaySQLite},
		figures: []figure{
			{"few_cpu", "few: CPU s a million", 1, 2}, {"few_p50", "few: p50, µs", micro, 0}, {"few_p99", "few: p99, µs", micro, 0},
			{"all_cpu", "all: CPU s a million", 1, 2}, {"all_p50", "all: p50, µs", micro, 0}, {"all_p99", "all: p99, µs", micro, 0},
		},
		run: func(ctx context.Context, r *run) (figures, error) {
			var towns []*town
			err := r.again(func(folder string) (err error) {
				towns, err = buildTowns(folder, meshes, members, topics, 1+(r.writers-1)/meshes, r.writers)
				return err
			})
			if err != nil {
				return nil, err
			}
			found := figures{}
			for _, pass := range []struct {
				name string
				all  bool
			}{{"few", false}, {"all", true}} {
				t, m, err := r.grown(ctx, pass.name, towns, pass.all, next)
				if err != nil {
					return nil, err
				}
				found[pass.name+"_cpu"] = m.cpuPerMillion(t.messages)
				found[pass.name+"_p50"], found[pass.name+"_p99"] = t.percentile(0.5).Seconds(), t.percentile(0.99).Seconds()
			}
			return found, nil
		},
	}
}

// growthSends is how many times as many messages a writer sends here as in the row stored.
const growthSends = 4

// grown has writers, all of the first mesh or of all meshes in turn, send to few or to all.
func (r *run) grown(ctx context.Context, name string, towns []*town, all bool, next address) (t transit, m measured, err error) {
	random := rand.New(rand.NewPCG(1, 2))
	var f fleet
	for i := range r.writers {
		home, at := towns[0], i
		if all {
			home, at = towns[i%len(towns)], i/len(towns)
		}
		device := home.writers[at]
		session := &relaySession{server: r.server, mesh: home.mesh, device: device, id: wire.SessionID(protocoltest.Random(wire.ShortIDSize))}
		self := &peer{index: i, dial: session.dial, parse: session.parse, ping: wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize))}
		for range growthSends * r.perWriter {
			after := device.Counter
			self.source.bytes = wire.AppendSend(self.source.bytes, wire.Send{After: after, Envelope: next(home, device, all, r.message, random)})
			self.source.end()
		}
		f = append(f, self)
	}
	r.fleets = append(r.fleets, f)
	if err := f.together(connectsAtOnce, func(p *peer) error { return p.open(ctx, false) }); err != nil {
		return t, m, err
	}
	m, err = r.measure(name, func() error {
		var err error
		t, err = f.acknowledged(ctx, r.window)
		return err
	})
	return t, m, err
}

// acknowledged is store with the time from each send until the server says that it is stored.
func (f fleet) acknowledged(ctx context.Context, window int) (transit, error) {
	var t transit
	for _, p := range f {
		t.messages += len(p.source.ends)
	}
	latencies := make([][]time.Duration, len(f))
	var left atomic.Int64
	left.Store(int64(t.messages))
	started := now()
	begin := func() error { return f.together(1, func(p *peer) error { return p.source.grant(window) }) }
	err := f.run(ctx, begin, func(p *peer, s *seen) (bool, error) {
		at := now()
		for range s.stored {
			number := len(latencies[p.index]) // they are acknowledged in order
			latencies[p.index] = append(latencies[p.index], at-p.source.sentAt[number])
		}
		if err := p.source.grant(s.stored); err != nil {
			return false, err
		}
		return left.Add(-int64(s.stored)) == 0, nil
	})
	t.took = now() - started
	for _, of := range latencies {
		t.latencies = append(t.latencies, of...)
	}
	t.arrived = len(t.latencies)
	t.sort()
	return t, err
}
