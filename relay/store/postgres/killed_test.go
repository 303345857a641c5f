//go:build unix

package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestKilled: a database that is killed under load has everything that was told to be durable, whole; meanwhile the store
// says that it is not ready, and goes on by itself when the database is back, with positions of a new generation.
func TestKilled(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.Database(t))
	commit(t, s, found)
	const senders = 3
	var told [senders + 1]uint64
	for round := range 3 {
		var load sync.WaitGroup
		var commits atomic.Int32
		reached := make(chan struct{})
		for d := byte(1); d <= senders; d++ {
			load.Go(func() {
				for n := told[d] + 1; ; n++ {
					verdicts, err := s.Commit(t.Context(), []mesh.Batch{sends(d, n, n, 1000)})
					if err != nil {
						if wire.CodeOf(err) != wire.CodeUnavailable {
							t.Errorf("Commit: %v", err)
						}
						return
					}
					if v := verdicts[0][0]; v.Outcome != mesh.Done {
						t.Errorf("send %d of %d got outcome %d, last %d", n, d, v.Outcome, v.Last)
						return
					}
					told[d] = n
					if commits.Add(1) == 60 {
						close(reached)
					}
				}
			})
		}
		<-reached
		server.Kill(t)
		load.Wait()
		if err := s.Ready(t.Context()); wire.CodeOf(err) != wire.CodeUnavailable {
			t.Errorf("Ready without a database: %v", err)
		}
		if _, err := s.Load(t.Context(), meshID); wire.CodeOf(err) != wire.CodeUnavailable {
			t.Errorf("Load without a database: %v", err)
		}
		server.Restart(t)
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready with the database back: %v", err)
		}
		snapshot, err := s.Load(t.Context(), meshID)
		if err != nil {
			t.Fatal(err)
		}
		var all uint64
		for i, c := range snapshot.Counters {
			d := c.Device[0]
			// One commit was under way when the database was killed.
			if c.Last < told[d] || c.Last > told[d]+1 {
				t.Errorf("round %d: told of %d sends of %d, the counter is %d", round, told[d], i, c.Last)
			}
			told[d] = c.Last
			all += c.Last
		}
		page, err := s.Read(t.Context(), meshID, inbox, 0, 1<<30)
		if err != nil || uint64(len(page.Entries)) != all {
			t.Errorf("round %d: the counters are %d together, the stream has %d entries (%v)", round, all, len(page.Entries), err)
		}
		var last wire.Position
		for _, e := range page.Entries {
			if e.Previous != last {
				t.Fatalf("round %d: %d follows %d, behind %d", round, e.Position, e.Previous, last)
			}
			last = e.Position
		}
		verdicts, err := s.Commit(t.Context(), []mesh.Batch{sends(1, told[1]+1, told[1]+1, 10)})
		if err != nil {
			t.Fatal(err)
		}
		told[1]++
		if at := verdicts[0][0].Places[0]; at.Position.Generation() <= at.Previous.Generation() {
			t.Errorf("round %d: after a lost connection %d follows %d; the generation must rise", round, at.Position, at.Previous)
		}
	}
}

// TestIdleConnection: a database that was started again while nothing was committed is met without an error.
func TestIdleConnection(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.Database(t))
	commit(t, s, found)
	server.Kill(t)
	server.Restart(t)
	commit(t, s, sends(1, 1, 1, 10))
	server.Kill(t)
	server.Restart(t)
	if snapshot, err := s.Load(t.Context(), meshID); err != nil || len(snapshot.Counters) != 1 {
		t.Errorf("Load: %+v %v", snapshot.Counters, err)
	}
}

// TestRoundTrips: an append takes two round trips, however many streams and messages it has; three where it meets streams or
// devices for the first time.
func TestRoundTrips(t *testing.T) {
	s := open(t, postgrestest.Start(t).Database(t))
	s.disconnect()
	trips := new(counted)
	s.config.Tracer = trips
	commit(t, s, found)
	broadcast := func(counter uint64) mesh.Batch {
		op := &mesh.AppendEnvelope{Device: wire.DeviceID{1}, After: counter - 1, Counter: counter}
		for member := range byte(100) {
			op.Entries = append(op.Entries, mesh.NewEntry{Stream: wire.InboxStream(wire.MemberID{member}), Envelope: []byte("text")})
		}
		moved := &mesh.MoveCursor{Device: wire.DeviceID{1}, Stream: op.Entries[0].Stream, Position: 1}
		asked := &mesh.FindEnvelope{Device: wire.DeviceID{1}, Stream: op.Entries[0].Stream, Position: 1}
		return mesh.Batch{Mesh: meshID, Ops: []mesh.Op{op, moved, asked}}
	}
	for n, want := range []int32{3, 2, 2} {
		trips.n.Store(0)
		if _, err := s.Commit(t.Context(), []mesh.Batch{broadcast(uint64(n + 1))}); err != nil {
			t.Fatal(err)
		}
		if got := trips.n.Load(); got != want {
			t.Errorf("commit %d took %d round trips, want %d", n, got, want)
		}
	}
}

// counted counts round trips: batches, and statements outside of one.
type counted struct{ n atomic.Int32 }

func (c *counted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *counted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counted) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *counted) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (c *counted) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
