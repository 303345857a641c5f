package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// fleet is the peers of one run.
type fleet []*peer

// together calls do for every peer, for so many at once.
func (f fleet) together(atOnce int, do func(*peer) error) error {
	var next atomic.Int64
	failures := make([]error, atOnce)
	var workers sync.WaitGroup
	for w := range failures {
		workers.Go(func() {
			for failures[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(f) {
					return
				}
				if err := do(f[i]); err != nil {
					failures[w] = fmt.Errorf("peer %d: %w", i, err)
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(failures...)
}

// open connects all peers and waits until they listen and all is quiet.
func (f fleet) open(ctx context.Context, atOnce int) error {
	if err := f.together(atOnce, func(p *peer) error { return p.open(ctx, true) }); err != nil {
		return err
	}
	return f.together(atOnce, func(p *peer) error { return p.settle(ctx) })
}

func (f fleet) close() {
	for _, p := range f {
		if p.socket != nil {
			p.socket.close()
		}
	}
}

// run starts with begin and hands every peer's step what came for it, until a step reports the end. The connections stay open, for
// to end them would be work for the server, but are of no use after it.
func (f fleet) run(ctx context.Context, begin func() error, step func(*peer, *seen) (done bool, err error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var readers sync.WaitGroup
	for _, p := range f {
		readers.Go(func() {
			if err := p.follow(step); err != nil {
				cancel(fmt.Errorf("peer %d: %w", p.index, err))
			} else {
				cancel(errDone)
			}
		})
	}
	if err := begin(); err != nil {
		cancel(err)
	}
	<-ctx.Done()
	for _, p := range f {
		p.socket.interrupt()
	}
	readers.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errDone) {
		return err
	}
	return nil
}

var errDone = errors.New("done")

// follow reads until the end or a failure. What came at once is handed on at once, so that answers to it go together.
func (p *peer) follow(step func(*peer, *seen) (bool, error)) error {
	var s seen
	for {
		message, err := p.socket.read()
		if err != nil {
			return err
		}
		if err := p.parse(message, &s); err != nil {
			return err
		}
		if p.socket.buffered() {
			continue
		}
		if err := p.answer(&s); err != nil {
			return err
		}
		if done, err := step(p, &s); done || err != nil {
			return err
		}
		s.clear()
	}
}

// transit is what came of messages that were sent through a server.
type transit struct {
	messages  int             // to be received
	arrived   int             // of them
	took      time.Duration   // from the first send to the last arrival
	latencies []time.Duration // from send to arrival, sorted
}

// pass sends all that the fleet has to send, so many of each peer on their way at once, and waits until all of it arrived. What
// is sent to everyone counts as arrived when it has copies times. Where ctx ends before that, what is missing is lost.
func (f fleet) pass(ctx context.Context, window, copies int) (transit, error) {
	t := transit{}
	arrivals := make([][]atomic.Int32, len(f))
	for i, p := range f {
		arrivals[i] = make([]atomic.Int32, len(p.source.ends))
		t.messages += len(p.source.ends) * copies
	}
	latencies := make([][]time.Duration, len(f))
	var arrived atomic.Int64
	var started, ended time.Duration
	begin := func() error {
		started = now()
		return f.together(1, func(p *peer) error { return p.source.grant(window) })
	}
	err := f.run(ctx, begin, func(p *peer, s *seen) (bool, error) {
		at := now()
		for i := 0; i < len(s.arrived); {
			// Neighbours are often of one sender.
			from, n := s.arrived[i].from, 0
			for ; i < len(s.arrived) && s.arrived[i].from == from; i++ {
				number := s.arrived[i].number
				if from >= len(f) || number >= len(arrivals[from]) {
					return false, fmt.Errorf("message %d of peer %d was never sent", number, from)
				}
				latencies[p.index] = append(latencies[p.index], at-f[from].source.sentAt[number])
				switch got := int(arrivals[from][number].Add(1)); {
				case got == copies:
					n++
				case got > copies:
					return false, fmt.Errorf("message %d of peer %d arrived again", number, from)
				}
			}
			if err := f[from].source.grant(n); err != nil {
				return false, err
			}
		}
		done := int(arrived.Add(int64(len(s.arrived)))) == t.messages
		if done {
			ended = at
		}
		return done, nil
	})
	if err != nil {
		ended = now()
	}
	t.arrived, t.took = int(arrived.Load()), ended-started
	t.latencies = slices.Concat(latencies...)
	t.sort()
	return t, err
}

func (t *transit) sort() { slices.Sort(t.latencies) }

// percentile is the smallest latency that a share of the messages kept to.
func (t *transit) percentile(share float64) time.Duration {
	if len(t.latencies) == 0 {
		return 0
	}
	return t.latencies[min(int(share*float64(len(t.latencies))), len(t.latencies)-1)]
}

// store sends all that the fleet has to send, so many of each peer on their way at once, and waits until the server says of all
// of it that it is stored.
func (f fleet) store(ctx context.Context, window int) (time.Duration, error) {
	var left atomic.Int64
	for _, p := range f {
		left.Add(int64(len(p.source.ends)))
	}
	var started time.Duration
	begin := func() error {
		started = now()
		return f.together(1, func(p *peer) error { return p.source.grant(window) })
	}
	err := f.run(ctx, begin, func(p *peer, s *seen) (bool, error) {
		if err := p.source.grant(s.stored); err != nil {
			return false, err
		}
		return left.Add(-int64(s.stored)) == 0, nil
	})
	return now() - started, err
}
