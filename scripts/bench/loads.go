package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// sendsPerMember is below what a relay takes of one member at once.
const sendsPerMember = 4500

// repeat is n times one recipient.
func repeat(to, n int) []int {
	sends := make([]int, n)
	for i := range sends {
		sends[i] = to
	}
	return sends
}

func (t *transit) figures(m measured) figures {
	return figures{
		"rate":      float64(t.arrived) / t.took.Seconds(),
		"cpu":       m.cpuPerMillion(t.arrived),
		"p50":       t.percentile(0.5).Seconds(),
		"p99":       t.percentile(0.99).Seconds(),
		"peak":      float64(m.peak),
		"delivered": float64(t.arrived) / float64(t.messages),
	}
}

// passed measures the passing of all that the fleet has to send.
func (r *run) passed(ctx context.Context, f fleet, window, copies int) (t transit, m measured, err error) {
	m, err = r.measure("pass", func() error {
		var err error
		t, err = f.pass(ctx, window, copies)
		return err
	})
	return t, m, err
}

func routing(ctx context.Context, r *run) (figures, error) {
	p := plan{peers: 2 * r.pairs, size: r.message}
	for i := range r.pairs {
		p.sends = append(p.sends, repeat(r.pairs+i, r.perPair))
	}
	f, err := r.connected(ctx, p)
	if err != nil {
		return nil, err
	}
	t, m, err := r.passed(ctx, f, r.window, 1)
	return t.figures(m), err
}

// roundTrip times there and back: each answers what it got with what it has next.
func roundTrip(ctx context.Context, r *run) (figures, error) {
	p := plan{peers: 2, size: r.message, sends: [][]int{repeat(1, r.trips), repeat(0, r.trips)}}
	f, err := r.connected(ctx, p)
	if err != nil {
		return nil, err
	}
	var t transit
	m, err := r.measure("pass", func() error {
		return f.run(ctx, func() error { return f[0].source.grant(1) }, func(p *peer, s *seen) (bool, error) {
			for _, a := range s.arrived {
				if p.index == 0 {
					t.latencies = append(t.latencies, now()-f[0].source.sentAt[a.number])
					if a.number == r.trips-1 {
						return true, nil
					}
				}
				if err := p.source.grant(1); err != nil {
					return false, err
				}
			}
			return false, nil
		})
	})
	t.sort()
	t.arrived, t.messages, t.took = 2*r.trips, 2*r.trips, m.took
	return t.figures(m), err
}

func fanOut(ctx context.Context, r *run) (figures, error) {
	p := plan{peers: 1 + r.subscribers, size: r.postMessage, sends: [][]int{repeat(everyone, r.posts)}}
	f, err := r.prepare(ctx, p)
	if err != nil {
		return nil, err
	}
	// The first only sends: or a relay would show it its own messages.
	if err := f[1:].open(ctx, connectsAtOnce); err != nil {
		return nil, err
	}
	if err := f[0].open(ctx, false); err != nil {
		return nil, err
	}
	t, m, err := r.passed(ctx, f, r.window, r.subscribers)
	return t.figures(m), err
}

const connectsAtOnce = 16

func idle(ctx context.Context, r *run) (figures, error) {
	f, err := r.prepare(ctx, plan{peers: r.connections, meshes: r.meshes, sessions: 10})
	if err != nil {
		return nil, err
	}
	n := float64(r.connections)
	before, err := r.state()
	if err != nil {
		return nil, err
	}
	m, err := r.measure("connect", func() error {
		return f.together(connectsAtOnce, func(p *peer) error { return p.open(ctx, true) })
	})
	if err != nil {
		return nil, err
	}
	if err := f.together(connectsAtOnce, func(p *peer) error { return p.settle(ctx) }); err != nil {
		return nil, err
	}
	busy, err := r.server.usage()
	if err != nil {
		return nil, err
	}
	after, err := r.state()
	if err != nil {
		return nil, err
	}
	found := figures{
		"connects":    n / m.took.Seconds(),
		"connect_cpu": m.cpu.Seconds() / n,
		"memory":      float64(busy.rss-before.rss) / n,
	}
	if r.server.stdin != nil {
		found["collected"] = float64(after.rss-before.rss) / n
		found["goroutines"] = float64(after.goroutines-before.goroutines) / n
	}
	return found, nil
}

func stored(ctx context.Context, r *run) (figures, error) {
	p := plan{peers: 2 * r.writers, size: r.message, stored: true}
	for i := range r.writers {
		p.sends = append(p.sends, repeat(r.writers+i, r.perWriter))
	}
	f, err := r.prepare(ctx, p)
	if err != nil {
		return nil, err
	}
	writers := f[:r.writers]
	if err := writers.together(connectsAtOnce, func(p *peer) error { return p.open(ctx, false) }); err != nil {
		return nil, err
	}
	took, m, err := r.stored(ctx, writers)
	n := r.writers * r.perWriter
	return figures{"rate": float64(n) / took.Seconds(), "cpu": m.cpuPerMillion(n)}, err
}

// stored measures the storing of all that the fleet has to send.
func (r *run) stored(ctx context.Context, f fleet) (took time.Duration, m measured, err error) {
	m, err = r.measure("store", func() error {
		var err error
		took, err = f.store(ctx, r.window)
		return err
	})
	return took, m, err
}

func drain(ctx context.Context, r *run) (figures, error) {
	writers := 1 + (r.backlog-1)/sendsPerMember
	p := plan{peers: 1 + writers, size: r.message, stored: true, sends: [][]int{nil}}
	for i := range writers {
		p.sends = append(p.sends, repeat(0, (r.backlog+i)/writers))
	}
	f, err := r.prepare(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := f[1:].together(connectsAtOnce, func(p *peer) error { return p.open(ctx, false) }); err != nil {
		return nil, err
	}
	filled, fill, err := r.stored(ctx, f[1:])
	if err != nil {
		return nil, err
	}
	reader := f[:1]
	if err := reader[0].open(ctx, false); err != nil {
		return nil, err
	}
	left := r.backlog
	m, err := r.measure("drain", func() error {
		begin := func() error { return reader[0].socket.write(reader[0].listen()) }
		return reader.run(ctx, begin, func(_ *peer, s *seen) (bool, error) {
			left -= len(s.arrived)
			return left <= 0, nil
		})
	})
	n := float64(r.backlog)
	return figures{
		"rate": n / m.took.Seconds(), "cpu": m.cpuPerMillion(r.backlog), "peak": float64(m.peak),
		"fill": n / filled.Seconds(), "fill_cpu": fill.cpuPerMillion(r.backlog),
	}, err
}

// load is what the old broker published of itself. Messages that did not come in time are lost, and tell in the figures.
func load(ctx context.Context, r *run) (figures, error) {
	random := rand.New(rand.NewPCG(1, 2)) // the same for every system
	p := plan{peers: r.peers, size: r.message, cursors: true}
	for i := range r.peers {
		sends := make([]int, r.perPeer)
		for n := range sends {
			sends[n] = (i + 1 + random.IntN(r.peers-1)) % r.peers
		}
		p.sends = append(p.sends, sends)
	}
	f, err := r.connected(ctx, p)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	t, m, err := r.passed(limited, f, r.peerWindow, 1)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil
	}
	return t.figures(m), err
}
