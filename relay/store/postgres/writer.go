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

// writer is the connection that commits. It is used by one goroutine at a time, and given up after any error but those
// that leave no doubt.
type writer struct {
	conn    *pgx.Conn
	rows    *rows
	applier *store.Applier
}

// connectWriter connects and begins a new generation of positions: what was reached before may have been another state of
// the database, put back from a backup.
func connectWriter(ctx context.Context, config *pgx.ConnConfig, now time.Time) (*writer, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	var old, generation uint32
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT generation FROM relay FOR UPDATE").Scan(&old); err != nil {
			return err
		}
		generation = wire.NextGeneration(old, now)
		_, err := tx.Exec(ctx, "UPDATE relay SET generation = $1", int64(generation))
		return err
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	r := &rows{conn: conn}
	return &writer{conn, r, store.NewApplier(r, generation)}, nil
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
	case "23505": // unique_violation: another node took the code of an invite in the same moment
		return answer.ConstraintName == "invite_code_key"
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
