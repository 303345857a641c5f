package sqlite

import (
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Compact writes the database of a data directory anew, without the room of what was dropped, and gives how many bytes it had and
// has. No relay may run on it, and nothing else have it open (CodeInUse). fits is asked whether so many bytes more fit beside
// it; its error ends everything. The new file takes the place of the old one when it is whole, sound and synced; until then, and
// after any error, the old one is what it was.
func Compact(dir string, fits func(bytes int64) error) (before, after int64, err error) {
	path := Path(dir)
	if _, err := os.Stat(path); err != nil {
		return 0, 0, err
	}
	lock, err := takeLock(lockOf(dir))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := soundLog(path); err != nil {
		return 0, 0, err
	}
	err = inFull(path, os.Rename, func(partial *os.File) error {
		if err := rewrite(path, partial, fits); err != nil {
			return damage(err)
		}
		old, err := os.Stat(path) // with what was in the log
		if err != nil {
			return err
		}
		made, err := partial.Stat()
		if err != nil {
			return err
		}
		before, after = old.Size(), made.Size()
		return giveTo(partial, old)
	})
	return before, after, err
}

// rewrite fills a file with what is kept of a database.
func rewrite(path string, partial *os.File, fits func(bytes int64) error) error {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	need, err := alone(conn, path)
	if err == nil {
		err = fits(need)
	}
	if err == nil {
		err = sqlitex.ExecuteTransient(conn, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{partial.Name()}})
	}
	// A file that is open cannot be replaced everywhere.
	if err = errors.Join(err, conn.Close()); err != nil {
		return err
	}
	return isSound(partial.Name())
}

// alone brings a database's log into its file and ends the log, which needs that nobody else has it open, and gives how many bytes
// of the file are in use. A log that stayed would be taken for that of another file of the same name.
func alone(conn *sqlite.Conn, path string) (used int64, err error) {
	conn.SetBusyTimeout(0)
	err = prepare(conn, "PRAGMA journal_mode = DELETE").one(func(*sqlite.Stmt) {})
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked:
		return 0, wire.Errorf(wire.CodeInUse, "another program, such as a backup, has %s open", path)
	}
	if err != nil {
		return 0, err
	}
	err = prepare(conn, "SELECT (c.page_count - f.freelist_count) * s.page_size FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s").
		one(func(stmt *sqlite.Stmt) { used = stmt.ColumnInt64(0) })
	return used, err
}

func isSound(path string) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	said := ""
	err = prepare(conn, "PRAGMA quick_check(1)").one(func(stmt *sqlite.Stmt) { said = stmt.ColumnText(0) })
	if err == nil && said != "ok" {
		err = fmt.Errorf("%w: %s", store.ErrDamaged, said)
	}
	return err
}
