// Package sqlite is the store of a relay on one machine: one SQLite file with a write-ahead log, every commit synced to disk
// before it is told.
//
// A data directory belongs to one process; a second one is refused with CodeInUse. After Close the file relay.db alone is
// the whole store and can be copied; of a running relay it is copied with SQLite's own backup.
//
// What it does not do: decide verdicts (store.Applier does), gather commits of several callers into one (the relay's
// committer does), or keep several processes in step.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/migrate"
	"claudemesh.com/mesh/shared/wire"
)

// readers is how many reads run at once. They see the last commit and never wait for the writer.
const readers = 3

// Store is a store.Store in a directory.
type Store struct {
	dir     string
	lock    *sqlite.Conn // holds relay.lock until Close
	readers chan *sqlite.Conn
	opened  int           // readers
	done    chan struct{} // closed by Close
	swept   atomic.Int64  // the number of the mesh with which DropRecords goes on

	mu      sync.Mutex // of what follows
	writer  *sqlite.Conn
	applier *store.Applier
	failed  bool // the last commit failed
	closed  bool
}

var _ store.Store = (*Store)(nil)

// Open opens the store in a directory, making both where they are not there yet, and begins a new generation of positions at
// a time. CodeInUse: another process has it open. store.ErrDamaged: what is there can be read in part at most; it stays as it is.
func Open(dir string, now time.Time) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := takeLock(lockOf(dir))
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock, readers: make(chan *sqlite.Conn, readers), done: make(chan struct{})}
	if err := s.open(filepath.Join(dir, "relay.db"), now); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", filepath.Join(dir, "relay.db"), damage(err)), s.Close())
	}
	return s, nil
}

// damage makes what SQLite says of a damaged file store.ErrDamaged.
func damage(err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return err
}

// lockOf is the file by which a data directory is one process's.
func lockOf(dir string) string { return filepath.Join(dir, "relay.lock") }

// takeLock holds a lock in a file of its own, so that it falls with the process, however that ends, on every system.
func takeLock(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	conn.SetBusyTimeout(0)
	err = sqlitex.ExecuteTransient(conn, "BEGIN EXCLUSIVE", nil)
	if err == nil {
		return conn, nil
	}
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultBusy || code == sqlite.ResultLocked {
		err = wire.Errorf(wire.CodeInUse, "another relay runs on the data directory %s; stop it, or choose another with --data", filepath.Dir(path))
	}
	return nil, errors.Join(err, conn.Close())
}

func (s *Store) open(path string, now time.Time) error {
	if err := soundLog(path); err != nil {
		return err
	}
	// SQLite gives its log the file's own mode.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if s.writer, err = sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenWAL); err != nil {
		return err
	}
	for _, pragma := range []string{"synchronous = FULL", "journal_size_limit = 67108864", "cache_size = -16384", "wal_autocheckpoint = 4000"} {
		if err := sqlitex.ExecuteTransient(s.writer, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	if err := migrate.Run(schema{s.writer}, migrations); err != nil {
		return err
	}
	generation, err := nextGeneration(s.writer, now)
	if err != nil {
		return err
	}
	rows, err := newRows(s.writer)
	if err != nil {
		return err
	}
	s.applier = store.NewApplier(rows, generation)
	for range readers {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return err
		}
		s.readers <- conn
		s.opened++
	}
	return nil
}

func nextGeneration(conn *sqlite.Conn, now time.Time) (generation uint32, err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return 0, err
	}
	defer end(&err)
	old, err := sqlitex.ResultInt64(conn.Prep("SELECT generation FROM relay"))
	if err != nil {
		return 0, err
	}
	generation = wire.NextGeneration(uint32(old), now)
	return generation, sqlitex.ExecuteTransient(conn, "UPDATE relay SET generation = ?", &sqlitex.ExecOptions{Args: []any{generation}})
}

var errClosed = wire.Errorf(wire.CodeUnavailable, "the store is closed")

// Commit implements store.Store. The context is looked at before the transaction and not within.
func (s *Store) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, store.Unavailable("committing", err)
	}
	verdicts, err := s.commit(batches)
	s.failed = err != nil
	if err != nil {
		return nil, store.Unavailable("committing", err)
	}
	return verdicts, nil
}

func (s *Store) commit(batches []mesh.Batch) (verdicts [][]mesh.Verdict, err error) {
	if err := run(s.writer, "BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	verdicts, err = s.applier.Apply(batches)
	if err == nil {
		err = run(s.writer, "COMMIT")
	}
	if err != nil && !s.writer.AutocommitEnabled() {
		err = errors.Join(err, run(s.writer, "ROLLBACK"))
	}
	return verdicts, err
}

// run carries out a statement that gives nothing.
func run(conn *sqlite.Conn, sql string) error {
	stmt, err := conn.Prepare(sql)
	if err != nil {
		return err
	}
	_, err = stmt.Step()
	return err
}

// Ready implements store.Store: after a commit that failed it tries one that matters to nobody.
func (s *Store) Ready(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if !s.failed {
		return nil
	}
	if err := s.probe(); err != nil {
		return store.Unavailable("trying a commit", err)
	}
	s.failed = false
	return nil
}

func (s *Store) probe() (err error) {
	end, err := sqlitex.ImmediateTransaction(s.writer)
	if err != nil {
		return err
	}
	defer end(&err)
	return run(s.writer, "UPDATE relay SET probes = probes + 1") // SQLite does not write what stays as it was
}

// Close implements store.Store: the log goes into the main file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.done)
	var errs []error
	for range s.opened {
		errs = append(errs, (<-s.readers).Close())
	}
	if s.writer != nil {
		errs = append(errs, run(s.writer, "PRAGMA wal_checkpoint(TRUNCATE)"), s.writer.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}
