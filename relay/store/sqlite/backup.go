package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/check"
)

// ErrExists is why a backup or a restore was refused: it would have replaced something.
var ErrExists = errors.New("it is there already, and nothing is ever overwritten")

// Path is the database in a data directory.
func Path(dir string) string { return filepath.Join(dir, "relay.db") }

// Backup copies the database of a data directory, as it is at one moment, to a new file that its owner alone can read. A
// relay may run on it meanwhile; it goes on unhindered. The file appears under its name when it is whole and synced, and
// ErrExists is returned where that name is taken.
func Backup(dir, file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s: %w", file, ErrExists), err)
	}
	return inFull(file, os.Link, func(partial *os.File) error {
		conn, err := sqlite.OpenConn(Path(dir), sqlite.OpenReadOnly)
		if err != nil {
			return fmt.Errorf("opening %s: %w", Path(dir), err)
		}
		// SQLite fills a file that is empty.
		err = sqlitex.ExecuteTransient(conn, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{partial.Name()}})
		return errors.Join(err, conn.Close())
	})
}

// Restore makes a data directory of a backup, for a relay that begins at a time or later. The directory may be there, but no
// database of a relay in it, nor a part of one (ErrExists). A relay on it gives no position that the one whose backup it is gave (docs/PROTOCOL.md, section
// 8). With verify the backup is checked first; where the report has problems, nothing is restored.
func Restore(file, dir string, now time.Time, verify bool) (report check.Report, err error) {
	if verify {
		if report, err = Check(file); err != nil || len(report.Problems) > 0 {
			return report, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return report, err
	}
	// A log that was left without its database would be taken for a part of the restored one.
	entries, err := os.ReadDir(dir)
	if err != nil {
		return report, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), filepath.Base(Path(dir))) {
			return report, fmt.Errorf("%s: %w", filepath.Join(dir, entry.Name()), ErrExists)
		}
	}
	return report, inFull(Path(dir), os.Link, func(partial *os.File) error {
		source, err := os.Open(file)
		if err != nil {
			return err
		}
		_, err = io.Copy(partial, source)
		if err = errors.Join(err, source.Close()); err != nil {
			return err
		}
		return raiseGeneration(partial.Name(), now)
	})
}

func raiseGeneration(path string, now time.Time) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var old uint32
	err = prepare(conn, "SELECT generation FROM relay").one(func(stmt *sqlite.Stmt) { old = uint32(stmt.ColumnInt64(0)) })
	if err != nil {
		return fmt.Errorf("this is not the database of a relay: %w", err)
	}
	return prepare(conn, "UPDATE relay SET generation = ?").int(int64(store.RestoredGeneration(old, now))).exec()
}

// inFull makes a file by its name at once: it is filled and synced under another, and put to its place with os.Link, which never
// replaces one, or os.Rename.
func inFull(path string, put func(from, to string) error, fill func(*os.File) error) (err error) {
	partial, err := os.OpenFile(path+".partial", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s.partial is left from an attempt that did not end, or one runs now. Delete it when none does: %w", path, ErrExists)
	}
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(partial.Name()); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	err = fill(partial)
	if err == nil {
		err = partial.Sync()
	}
	if err = errors.Join(err, partial.Close()); err != nil {
		return err
	}
	if err := put(partial.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder durable, where a system lets folders be synced.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
