package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/check"
	"claudemesh.com/mesh/relay/store/migrate"
	"claudemesh.com/mesh/shared/wire"
)

// Check reads a whole database, which a relay may have open meanwhile, as it is at one moment, and changes nothing
// (check.Run). An error means that it could not be read at all.
func Check(path string) (report check.Report, err error) {
	if _, err := os.Stat(path); err != nil {
		return report, err
	}
	torn, err := checkLog(path)
	if err != nil {
		return report, err
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := run(conn, "BEGIN"); err != nil {
		return report, err
	}
	return check.Run(source{conn, torn})
}

// checkLog looks at the write-ahead log before SQLite does, which forgets what is damaged. While a relay runs the log changes, and
// what was damaged is forgotten already.
func checkLog(path string) (problem, err error) {
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		return nil, nil
	}
	lock, err := takeLock(lockOf(filepath.Dir(path)))
	if wire.CodeOf(err) == wire.CodeInUse {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if problem = soundLog(path); errors.Is(problem, store.ErrDamaged) {
		return problem, nil
	}
	return nil, problem
}

// source is a database for check.Run.
type source struct {
	conn *sqlite.Conn
	torn error // what is wrong with its log
}

var _ check.Source = source{}

// Inspect implements check.Source.
func (s source) Inspect(tell func(string)) error {
	if s.torn != nil {
		tell(s.torn.Error())
	}
	if err := s.isNewest(); err != nil {
		return err
	}
	err := prepare(s.conn, "PRAGMA integrity_check(100)").each(func(stmt *sqlite.Stmt) bool {
		if text := stmt.ColumnText(0); text != "ok" {
			tell("SQLite: " + text)
		}
		return true
	})
	if err != nil {
		tell("SQLite: " + err.Error())
	}
	return nil
}

// Damaged implements check.Source.
func (source) Damaged(err error) bool { return errors.Is(damage(err), store.ErrDamaged) }

// Generation implements check.Source.
func (s source) Generation() (uint32, error) {
	generation, err := s.Count("SELECT generation FROM relay")
	return uint32(generation), err
}

// Count implements check.Source.
func (s source) Count(sql string) (n int64, err error) {
	err = prepare(s.conn, sql).one(func(stmt *sqlite.Stmt) { n = stmt.ColumnInt64(0) })
	return n, err
}

// Meshes implements check.Source.
func (s source) Meshes() (ids []wire.MeshID, err error) {
	err = prepare(s.conn, "SELECT id FROM mesh ORDER BY number").each(func(stmt *sqlite.Stmt) bool {
		var id wire.MeshID
		stmt.ColumnBytes(0, id[:])
		ids = append(ids, id)
		return true
	})
	return ids, err
}

// Mesh implements check.Source.
func (s source) Mesh(id wire.MeshID) (store.MeshRow, error) { return reader{s.conn}.mesh(id) }

// Streams implements check.Source.
func (s source) Streams(number int64) (streams []check.Stream, err error) {
	err = prepare(s.conn, "SELECT kind, id, number, head, count, bytes, oldest FROM stream WHERE mesh = ? ORDER BY kind, id").int(number).
		each(func(stmt *sqlite.Stmt) bool {
			streams = append(streams, check.Stream{Name: streamAt(stmt, 0), Row: store.StreamRow{
				Number: stmt.ColumnInt64(2), Head: positionAt(stmt, 3), Kept: amountAt(stmt, 4), Oldest: uint64(stmt.ColumnInt64(6)),
			}})
			return true
		})
	return streams, err
}

// Counters implements check.Source.
func (s source) Counters(number int64) ([]mesh.Counter, error) {
	var snapshot mesh.Snapshot
	err := reader{s.conn}.counters(number, &snapshot)
	return snapshot.Counters, err
}

// Cursors implements check.Source.
func (s source) Cursors(number int64) ([]mesh.CursorRow, error) {
	var snapshot mesh.Snapshot
	err := reader{s.conn}.cursors(number, &snapshot)
	return snapshot.Cursors, err
}

// Chunks implements check.Source.
func (s source) Chunks(stream int64, take func(*store.Chunk)) error {
	return prepare(s.conn, chunkColumns+"WHERE stream = ? ORDER BY last").int(stream).each(func(stmt *sqlite.Stmt) bool {
		chunk := chunkAt(stmt)
		take(&chunk)
		return true
	})
}

// Audit implements check.Source.
func (s source) Audit(number int64) (first, last, count uint64, err error) {
	err = prepare(s.conn, "SELECT coalesce(min(number), 0), coalesce(max(number), 0), count(*) FROM audit WHERE mesh = ?").int(number).
		one(func(stmt *sqlite.Stmt) {
			first, last, count = uint64(stmt.ColumnInt64(0)), uint64(stmt.ColumnInt64(1)), uint64(stmt.ColumnInt64(2))
		})
	return first, last, count, err
}

// Records implements check.Source.
func (source) Records() bool { return true }

// isNewest refuses what this version cannot judge.
func (s source) isNewest() error {
	var names []string
	err := prepare(s.conn, "SELECT name FROM migration").each(func(stmt *sqlite.Stmt) bool {
		names = append(names, stmt.ColumnText(0))
		return true
	})
	if err != nil {
		return fmt.Errorf("this is not the database of a relay: %w", err)
	}
	return migrate.IsNewest(names, migrations)
}
