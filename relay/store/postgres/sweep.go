package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
)

const (
	sweepEvery = time.Minute
	// sweepBehind is how many sweeps a change outlives.
	sweepBehind = 10
	// sweepPiece is how many changes one statement drops.
	sweepPiece = 10_000
)

// sweep drops now and then what no node needs any more. What fails is done the next time; who else uses the database tells of the
// failure.
func (s *Store) sweep(l *life) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	var marks []mesh.Mark // of the last sweeps
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		_ = s.fold(l.ctx)
		mark, err := s.markNow(l.ctx)
		if err != nil {
			continue
		}
		if len(marks) > 0 && eraOf(marks[0]) != eraOf(mark) {
			marks = nil
		}
		if marks = append(marks, mark); len(marks) > sweepBehind {
			if s.forget(l.ctx, marks[0]) == nil {
				marks = marks[1:]
			}
		}
	}
}

func (s *Store) markNow(ctx context.Context) (mark mesh.Mark, err error) {
	err = s.ask(ctx, "asking for a mark", func(batch *pgx.Batch) {
		batch.Queue("SELECT " + markNow).QueryRow(func(found pgx.Row) error { return found.Scan(&mark) })
	})
	return mark, err
}

// fold takes from counters what was freed of them. Their rows are held in the order in which every commit holds them.
func (s *Store) fold(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.readers, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1 FROM counter c WHERE (c.mesh, c.device) IN (SELECT mesh, device FROM freed)
			ORDER BY c.mesh, c.device FOR NO KEY UPDATE OF c`)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `WITH gone AS (DELETE FROM freed RETURNING mesh, device, bytes)
			UPDATE counter c SET bytes = greatest(c.bytes - n.bytes, 0)
			FROM (SELECT mesh, device, sum(bytes)::bigint AS bytes FROM gone GROUP BY mesh, device) n
			WHERE c.mesh = n.mesh AND c.device = n.device`)
		return err
	})
}

// forget drops what was changed before a mark. Elsewhere gives everything to whoever asks for what was changed since then.
func (s *Store) forget(ctx context.Context, before mesh.Mark) error {
	if _, err := s.readers.Exec(ctx, "UPDATE relay SET horizon = $1 WHERE horizon < $1", int64(before)); err != nil {
		return err
	}
	mark := xidOf(before)
	for {
		tag, err := s.readers.Exec(ctx, "DELETE FROM change WHERE ctid = ANY (ARRAY(SELECT ctid FROM change WHERE xid < $1 LIMIT $2))", mark, sweepPiece)
		if err != nil {
			return err
		}
		if tag.RowsAffected() < sweepPiece {
			break
		}
	}
	if _, err := s.readers.Exec(ctx, "DELETE FROM session WHERE gone < $1", mark); err != nil {
		return err
	}
	_, err := s.readers.Exec(ctx, "DELETE FROM node WHERE lost < $1", mark)
	return err
}
