package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// writer is the connection that commits for a node, whose lock it holds as long as it lives. It is used by one goroutine at a
// time, and given up after any error but those that leave no doubt.
type writer struct {
	node    mesh.NodeID
	conn    *pgx.Conn
	rows    *rows
	applier *store.Applier
}

// joinWriter connects as a new node, and ends an old one that this process was, if it was any (0).
func joinWriter(ctx context.Context, config *pgx.ConnConfig, now time.Time, old mesh.NodeID) (*writer, error) {
	return newWriter(ctx, config, now, func(conn *pgx.Conn) (node mesh.NodeID, err error) {
		if old != 0 {
			if err := loseNode(ctx, conn, old, false); err != nil {
				return 0, err
			}
		}
		return node, conn.QueryRow(ctx, joinNode).Scan(&node)
	})
}

// connectWriter connects for a node that runs, and ends what connection it had before: the server may not know yet that it is
// broken, and it may hold locks. store.ErrNodeLost: the node does not run any more.
func connectWriter(ctx context.Context, config *pgx.ConnConfig, now time.Time, node mesh.NodeID) (*writer, error) {
	return newWriter(ctx, config, now, func(conn *pgx.Conn) (mesh.NodeID, error) {
		_, err := conn.Exec(ctx, cutNode, int64(node))
		return node, err
	})
}

func newWriter(ctx context.Context, config *pgx.ConnConfig, now time.Time, name func(*pgx.Conn) (mesh.NodeID, error)) (*writer, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	node, err := name(conn)
	var generation uint32
	if err == nil {
		generation, err = lead(ctx, conn, now, node)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	r := &rows{node: node, conn: conn}
	return &writer{node, conn, r, store.NewApplier(r, generation)}, nil
}

// lead takes the node's lock and begins a new generation of positions: what was reached before may have been another state of the
// database, put back from a backup. Changes of another server, whose transactions had higher numbers, are of no use then.
func lead(ctx context.Context, conn *pgx.Conn, now time.Time, node mesh.NodeID) (generation uint32, err error) {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared("+nodeLock+")", int64(node)); err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var runs bool
		if err := tx.QueryRow(ctx, "SELECT lost IS NULL FROM node WHERE id = $1", int64(node)).Scan(&runs); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if !runs {
			return store.ErrNodeLost
		}
		var old uint32
		if err := tx.QueryRow(ctx, "SELECT generation FROM relay FOR UPDATE").Scan(&old); err != nil {
			return err
		}
		generation = wire.NextGeneration(old, now)
		if _, err := tx.Exec(ctx, "UPDATE relay SET generation = $1", int64(generation)); err != nil {
			return err
		}
		return forgetServer(ctx, tx)
	})
	return generation, err
}

// forgetServer drops what bears numbers of transactions that this server has not reached: it was copied from another one. Then, and
// after a crash, a new era begins.
func forgetServer(ctx context.Context, tx pgx.Tx) error {
	const reached = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
	var dropped int64
	for _, sql := range []string{
		"DELETE FROM change WHERE xid >= " + reached,
		"UPDATE node SET lost = 0 WHERE lost >= " + reached,
		"DELETE FROM session WHERE gone >= " + reached,
	} {
		tag, err := tx.Exec(ctx, sql)
		if err != nil {
			return err
		}
		dropped += tag.RowsAffected()
	}
	var eras int64
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM era").Scan(&eras); err != nil || dropped == 0 && eras == 1 {
		return err
	}
	for _, sql := range []string{
		"UPDATE relay SET horizon = 0, era = era % 32000 + 1",
		"DELETE FROM era",
		"INSERT INTO era SELECT era FROM relay",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// commit carries out batches in one transaction: a round trip to read and lock, one to write and commit. Where it reports
// doubt, nobody knows whether the transaction was committed; where it does not, an error means that it was not.
func (w *writer) commit(ctx context.Context, batches []mesh.Batch) (verdicts [][]mesh.Verdict, doubt bool, err error) {
	if err := w.rows.fetch(ctx, store.ReadsOf(batches)); err != nil {
		return nil, false, err
	}
	if verdicts, err = w.applier.Apply(batches); err != nil {
		return nil, false, err
	}
	var batch pgx.Batch
	w.rows.changes.queue(&batch)
	w.rows.queueChanges(&batch)
	batch.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errors.New("the database rolled the transaction back")
		}
		return nil
	})
	err = w.conn.SendBatch(ctx, &batch).Close()
	return verdicts, err != nil && !refused(err), err
}

// refused reports that the database answered that it did not carry out a transaction because of another one, so that it can
// be tried again.
func refused(err error) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Code {
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return true
	case "23505": // unique_violation: another node took the code of an invite, or added a session, in the same moment
		return answer.ConstraintName == "invite_code_key" || answer.ConstraintName == "session_pkey"
	}
	return false
}

// rollback ends a transaction that was refused.
func (w *writer) rollback(ctx context.Context) error {
	_, err := w.conn.Exec(ctx, "ROLLBACK")
	return err
}

// close gives the connection up. An open transaction ends with it.
func (w *writer) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), connectLimit)
	defer cancel()
	return w.conn.Close(ctx)
}
