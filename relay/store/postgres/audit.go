package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// lockRecords is held by whoever gives numbers to the lines of a mesh or drops them.
const lockRecords = "SELECT pg_advisory_xact_lock(hashtextextended('claudemesh audit', $1::bigint))"

// numberRecords gives numbers to lines that have none, in the order in which they were written, as many as are asked for.
// A line of a commit that is still under way gets a later one.
const numberRecords = `UPDATE audit a SET number = n.number FROM (
		SELECT entry, greatest((SELECT max(number) FROM audit WHERE mesh = $1 AND number IS NOT NULL),
			(SELECT number FROM audit_dropped WHERE mesh = $1), 0) + row_number() OVER (ORDER BY entry) AS number
		FROM audit WHERE mesh = $1 AND number IS NULL ORDER BY entry LIMIT $2
	) n WHERE a.entry = n.entry`

// Audit implements store.Store.
func (s *Store) Audit(ctx context.Context, id wire.MeshID, after uint64, limit int) (records []store.Record, err error) {
	const doing = "reading the audit"
	var number int64 // none has 0
	err = s.ask(ctx, doing, func(batch *pgx.Batch) {
		batch.Queue("SELECT coalesce(max(number), 0) FROM mesh WHERE id = $1", id[:]).
			QueryRow(func(found pgx.Row) error { return found.Scan(&number) })
	})
	if err != nil || number == 0 {
		return nil, err
	}
	build := func(batch *pgx.Batch) {
		records = nil
		batch.Queue("BEGIN ISOLATION LEVEL READ COMMITTED") // each statement sees what was done before it got the lock
		batch.Queue(lockRecords, number)
		batch.Queue(numberRecords, number, limit)
		batch.Queue(`SELECT number, time, action, kind, id, position, shares FROM audit
			WHERE mesh = $1 AND number > $2 ORDER BY number LIMIT $3`, number, int64(after), limit).
			Query(func(found pgx.Rows) error {
				var record store.Record
				var action string
				var kind int16
				var stream, shares []byte
				return each(found, []any{&record.Number, &record.Time, &action, &kind, &stream, &record.Position, &shares}, func() {
					record.Action = store.Action(action)
					record.Stream = streamOf(kind, stream)
					record.Shares = store.ReadShares(shares)
					records = append(records, record)
				})
			})
		batch.Queue("COMMIT")
	}
	err = s.ask(ctx, doing, build)
	return records, err
}

// sweptAtOnce is how many meshes one call of DropRecords takes lines from.
const sweptAtOnce = 64

// oldRecords are meshes whose first line was written before a time. An index by time would be one more for every commit.
const oldRecords = `SELECT m.number FROM mesh m WHERE m.number >= $1 AND coalesce(
		(SELECT a.time FROM audit a WHERE a.mesh = m.number AND a.number IS NOT NULL ORDER BY a.number LIMIT 1),
		(SELECT a.time FROM audit a WHERE a.mesh = m.number AND a.number IS NULL ORDER BY a.entry LIMIT 1)) < $2
	ORDER BY m.number LIMIT $3`

// dropRecords drops the first lines of a mesh as long as they are old, and writes down which number the last of them had or would
// have been given.
const dropRecords = `WITH first AS (
		SELECT * FROM (
			(SELECT entry, number, time FROM audit WHERE mesh = $1 AND number IS NOT NULL ORDER BY number LIMIT $3)
			UNION ALL
			(SELECT entry, number, time FROM audit WHERE mesh = $1 AND number IS NULL ORDER BY entry LIMIT $3)
		) l ORDER BY number NULLS LAST, entry LIMIT $3
	), judged AS (
		SELECT entry, bool_and(time < $2) OVER (ORDER BY number NULLS LAST, entry) AS old FROM first
	), gone AS (
		DELETE FROM audit WHERE entry IN (SELECT entry FROM judged WHERE old) RETURNING number
	), noted AS (
		INSERT INTO audit_dropped (mesh, number)
		SELECT $1, greatest(max(number), (SELECT d.number FROM audit_dropped d WHERE d.mesh = $1), 0) + count(*) FILTER (WHERE number IS NULL)
		FROM gone HAVING count(*) > 0
		ON CONFLICT (mesh) DO UPDATE SET number = excluded.number
	) SELECT count(*) FROM gone`

// DropRecords implements store.Store. The next call goes on at the mesh where this one ended, so that a sweep asks each mesh once
// for its first line. Of several nodes one at a time drops lines; the others have nothing to do meanwhile.
func (s *Store) DropRecords(ctx context.Context, before uint64, limit int) (dropped int, err error) {
	const doing = "dropping old records"
	from := s.swept.Load()
	meshes, err := s.oldRecords(ctx, doing, from, before)
	if err == nil && len(meshes) == 0 && from > 0 {
		meshes, err = s.oldRecords(ctx, doing, 0, before)
	}
	if err != nil || len(meshes) == 0 {
		return 0, err
	}
	l := s.life.Load()
	ctx, cancel := l.bound(ctx, askLimit)
	defer cancel()
	next := from
	err = pgx.BeginTxFunc(ctx, s.readers, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		var alone bool
		err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock(hashtextextended('claudemesh audit dropped', 0))").Scan(&alone)
		if err != nil || !alone {
			return err
		}
		for _, number := range meshes {
			n := 0
			var batch pgx.Batch
			batch.Queue(lockRecords, number)
			batch.Queue(dropRecords, number, int64(before), limit-dropped).QueryRow(func(found pgx.Row) error { return found.Scan(&n) })
			if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
				return err
			}
			if dropped, next = dropped+n, number; dropped == limit {
				return nil
			}
		}
		next++
		return nil
	})
	switch {
	case err == nil:
		s.swept.Store(next)
		return dropped, nil
	case l.why() != nil:
		return 0, s.unavailable(doing, l)
	}
	return 0, store.Unavailable(doing, err)
}

func (s *Store) oldRecords(ctx context.Context, doing string, from int64, before uint64) (meshes []int64, err error) {
	err = s.ask(ctx, doing, func(batch *pgx.Batch) {
		meshes = nil
		batch.Queue(oldRecords, from, int64(before), sweptAtOnce).Query(func(found pgx.Rows) error {
			var number int64
			return each(found, []any{&number}, func() { meshes = append(meshes, number) })
		})
	})
	return meshes, err
}
