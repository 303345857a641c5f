package sqlite

import (
	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// fillKept gives rows that an older version wrote what 0002_kept.sql adds.
func fillKept(conn *sqlite.Conn) error {
	k := store.NewKept()
	var failed error
	err := prepare(conn, `SELECT c.stream, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data, s.mesh, s.kind
		FROM chunk c JOIN stream s ON s.number = c.stream ORDER BY c.stream, c.last`).each(func(stmt *sqlite.Stmt) bool {
		chunk := chunkAt(stmt)
		if failed = chunk.Seal(); failed != nil {
			return false
		}
		if failed = k.Add(stmt.ColumnInt64(8), wire.StreamKind(stmt.ColumnInt(9)), &chunk); failed != nil {
			return false
		}
		failed = prepare(conn, "UPDATE chunk SET time = ?, checksum = ? WHERE stream = ? AND last = ?").
			int(int64(chunk.Time)).int(int64(chunk.Checksum)).int(chunk.Stream).int(int64(chunk.Last)).exec()
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	for _, s := range k.Streams {
		if err == nil {
			err = prepare(conn, "UPDATE stream SET count = ?, bytes = ?, oldest = ? WHERE number = ?").
				int(int64(s.Kept.Count)).int(int64(s.Kept.Bytes)).int(int64(s.Oldest)).int(s.Number).exec()
		}
	}
	for from, bytes := range k.Senders {
		if err == nil {
			err = prepare(conn, "UPDATE counter SET bytes = ? WHERE mesh = ? AND device = ?").
				int(int64(bytes)).int(from.Mesh).blob(from.Device[:]).exec()
		}
	}
	return err
}
