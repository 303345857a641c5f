package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/store"
)

// sweptAtOnce is how many meshes one call of DropRecords takes records from.
const sweptAtOnce = 64

// DropRecords implements store.Store. The next call goes on at the mesh where this one ended, so that a sweep asks each mesh once
// for its first record: an index by time would cost every commit.
func (s *Store) DropRecords(ctx context.Context, before uint64, limit int) (dropped int, err error) {
	const doing = "dropping old records"
	var meshes []int64
	from := s.swept.Load()
	err = s.view(ctx, doing, func(r reader) (err error) {
		if meshes, err = r.oldRecords(before, from); err == nil && len(meshes) == 0 && from > 0 {
			meshes, err = r.oldRecords(before, 0)
		}
		return err
	})
	if err != nil || len(meshes) == 0 {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errClosed
	}
	next, dropped, err := dropRecords(s.writer, meshes, before, limit)
	if err != nil {
		return 0, store.Unavailable(doing, err)
	}
	s.swept.Store(next)
	return dropped, nil
}

// oldRecords are meshes, by their numbers in order, whose first record was written before a time.
func (r reader) oldRecords(before uint64, from int64) (meshes []int64, err error) {
	err = prepare(r.conn, `SELECT m.number FROM mesh m
		WHERE m.number >= ? AND (SELECT a.time FROM audit a WHERE a.mesh = m.number ORDER BY a.number LIMIT 1) < ? ORDER BY m.number LIMIT ?`).
		int(from).int(int64(before)).int(sweptAtOnce).each(func(stmt *sqlite.Stmt) bool {
		meshes = append(meshes, stmt.ColumnInt64(0))
		return true
	})
	return meshes, err
}

// dropRecords gives the number of the mesh with which to go on.
func dropRecords(conn *sqlite.Conn, meshes []int64, before uint64, limit int) (next int64, dropped int, err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return 0, 0, err
	}
	defer end(&err)
	for _, number := range meshes {
		last, n := int64(0), 0
		err := prepare(conn, "SELECT number, time FROM audit WHERE mesh = ? ORDER BY number LIMIT ?").int(number).int(int64(limit - dropped)).
			each(func(stmt *sqlite.Stmt) bool {
				if uint64(stmt.ColumnInt64(1)) >= before {
					return false
				}
				last = stmt.ColumnInt64(0)
				n++
				return true
			})
		if err == nil && n > 0 {
			err = prepare(conn, "DELETE FROM audit WHERE mesh = ? AND number <= ?").int(number).int(last).exec()
		}
		if err != nil {
			return 0, 0, err
		}
		if dropped += n; dropped == limit {
			return number, dropped, nil
		}
	}
	return meshes[len(meshes)-1] + 1, dropped, nil
}
