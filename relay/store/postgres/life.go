package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
)

const (
	// leaseTime is how long a node that does not renew its lease is held to be running. It notices itself not later than the others.
	leaseTime = 6 * time.Second
	// renewEvery is also how late it is found out what no notification told of.
	renewEvery = time.Second
	// leaveLimit is how long a store that closes tries to give its lease back.
	leaveLimit = 2 * time.Second
)

// life is this process as one node: from joining until the lease is lost or the store is closed.
type life struct {
	node    mesh.NodeID
	ctx     context.Context // ends with it
	end     context.CancelCauseFunc
	overdue *time.Timer
	work    sync.WaitGroup
	told    told
}

// why is nil while it lasts; else store.ErrNodeLost, or that the store is closed.
func (l *life) why() error { return context.Cause(l.ctx) }

// bound gives a context for a question to the database that ends with the life.
func (l *life) bound(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	stop := context.AfterFunc(l.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// renewed moves the end of the lease, as it is seen from here, to a lease's time after the question that renewed it was asked.
func (l *life) renewed(asked time.Time) { l.overdue.Reset(time.Until(asked.Add(leaseTime))) }

// begin makes a node of this process, on a writer that just joined as one.
func (s *Store) begin(w *writer, joined time.Time) {
	l := &life{node: w.node}
	l.ctx, l.end = context.WithCancelCause(context.Background())
	l.told.wake = make(chan struct{}, 1)
	l.overdue = time.AfterFunc(time.Until(joined.Add(leaseTime)), func() { l.end(store.ErrNodeLost) })
	s.writer = w
	s.life.Store(l)
	l.work.Go(func() { s.keep(l) })
	l.work.Go(func() { s.sweep(l) })
}

// Node implements store.Shared.
func (s *Store) Node() mesh.NodeID { return s.life.Load().node }

// Join implements store.Shared.
func (s *Store) Join(ctx context.Context) error {
	if err := s.take(ctx, "joining"); err != nil {
		return err
	}
	defer func() { <-s.turn }()
	old := s.life.Load()
	if old.why() == nil {
		return nil
	}
	old.work.Wait()
	s.disconnect()
	s.readers.Reset()
	ctx, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	joined := time.Now()
	w, err := joinWriter(ctx, s.config, s.clock(), old.node)
	if err != nil {
		return store.Unavailable("joining", err)
	}
	s.begin(w, joined)
	s.moves.everything()
	return nil
}

// leave gives the lease back, so that the others need not wait for its end. Where that fails they do.
func (s *Store) leave() {
	if s.writer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	_, _ = s.writer.conn.Exec(ctx, "UPDATE node SET lost = "+thisXid+" WHERE id = $1 AND lost IS NULL", int64(s.writer.node))
}

// xidOf is the number of a transaction in a mark, and eraOf the era.
func xidOf(mark mesh.Mark) int64 { return int64(mark & (1<<48 - 1)) }

func eraOf(mark mesh.Mark) mesh.Mark { return mark >> 48 }

const (
	thisXid = "pg_current_xact_id()::text::bigint"
	// markNow is the era, 0 where that is not known, and below it the number of the oldest transaction that has not ended.
	markNow = "coalesce((SELECT number FROM era), 0) << 48 | pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

	nodeLock = "hashtextextended('claudemesh node ' || $1::bigint::text, 0)"
	// lapsed: a server that was just started could take no renewal before.
	lapsed = "greatest(until, pg_postmaster_start_time() + interval '6 seconds') < clock_timestamp()"

	joinNode  = "INSERT INTO node (until) VALUES (clock_timestamp() + interval '6 seconds') RETURNING id"
	renewNode = "UPDATE node SET until = clock_timestamp() + interval '6 seconds' WHERE id = $1 AND lost IS NULL"

	// cutNode ends the connections that hold a node's lock: they commit nothing any more, whatever of theirs is still on its way.
	cutNode = `SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l
		WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.pid <> pg_backend_pid()
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND (l.classid::bigint << 32) | l.objid::bigint = ` + nodeLock
)

// loseNode writes down that a node is lost, when it is certain that it commits nothing any more. With ifLapsed that is only done
// where its lease ended.
func loseNode(ctx context.Context, conn *pgx.Conn, node mesh.NodeID, ifLapsed bool) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		id, and := int64(node), ""
		if ifLapsed {
			and = " AND " + lapsed
			var still bool
			err := tx.QueryRow(ctx, "SELECT true FROM node WHERE id = $1 AND lost IS NULL"+and, id).Scan(&still)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, cutNode, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock("+nodeLock+")", id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE node SET lost = "+thisXid+" WHERE id = $1 AND lost IS NULL"+and, id)
		return err
	})
}
