// Package kv is the driver's store in one SQLite file: ordered keys in buckets, committed atomically and synced before
// Commit returns.
//
// It does not know what the buckets mean, and it holds no private key. One process writes at a time: package home holds
// the lock that decides which.
package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const schema = `
CREATE TABLE IF NOT EXISTS entry (
  bucket TEXT NOT NULL,
  key    BLOB NOT NULL,
  value  BLOB NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;`

// version is the schema's, kept in the file; a file of a later one is refused.
const version = 1

// Store implements driver.Store. Its methods may be called from any goroutine; they run one after another.
type Store struct {
	mu   sync.Mutex
	conn *sqlite.Conn
}

// Open opens the file at path, making it if needed, with mode 0600: it holds root keys and messages.
func Open(path string) (*Store, error) {
	// SQLite gives its log the file's own mode.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = errors.Join(file.Chmod(0o600), file.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("open the device's store: %w", err)
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
	if err != nil {
		return nil, fmt.Errorf("open the device's store: %w", err)
	}
	if err := prepare(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Store{conn: conn}, nil
}

func prepare(conn *sqlite.Conn) error {
	if err := sqlitex.ExecuteTransient(conn, "PRAGMA synchronous=FULL", nil); err != nil {
		return fmt.Errorf("open the device's store: %w", err)
	}
	var have int
	err := sqlitex.ExecuteTransient(conn, "PRAGMA user_version", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { have = row.ColumnInt(0); return nil },
	})
	if err != nil {
		return fmt.Errorf("open the device's store: %w", err)
	}
	if have > version {
		return fmt.Errorf("the device's store was written by a later claudemesh (schema %d, this one knows %d); update claudemesh", have, version)
	}
	if err := sqlitex.ExecuteScript(conn, schema, nil); err != nil {
		return fmt.Errorf("open the device's store: %w", err)
	}
	return sqlitex.ExecuteTransient(conn, fmt.Sprintf("PRAGMA user_version=%d", version), nil)
}

// Get is the value under a key, or nil.
func (s *Store) Get(ctx context.Context, bucket string, key []byte) (value []byte, err error) {
	if err := known(bucket); err != nil {
		return nil, err
	}
	err = s.query(ctx, "SELECT value FROM entry WHERE bucket=? AND key=?", []any{bucket, key}, func(row *sqlite.Stmt) error {
		value = column(row, 0)
		return nil
	})
	return value, err
}

// Scan lists the records of a range in key order.
func (s *Store) Scan(ctx context.Context, bucket string, r driver.Range) (records []driver.Record, err error) {
	if err := known(bucket); err != nil {
		return nil, err
	}
	text, args := "SELECT key, value FROM entry WHERE bucket=?", []any{bucket}
	if r.From != nil {
		text, args = text+" AND key>=?", append(args, r.From)
	}
	if r.To != nil {
		text, args = text+" AND key<?", append(args, r.To)
	}
	text += " ORDER BY key"
	if r.Reverse {
		text += " DESC"
	}
	if r.Limit > 0 {
		text, args = text+" LIMIT ?", append(args, r.Limit)
	}
	err = s.query(ctx, text, args, func(row *sqlite.Stmt) error {
		records = append(records, driver.Record{Key: column(row, 0), Value: column(row, 1)})
		return nil
	})
	return records, err
}

// Commit carries the operations out in one transaction, durable when it returns.
func (s *Store) Commit(ctx context.Context, ops []peer.Op) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return errClosed
	}
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer end(&err)
	for _, op := range ops {
		if err := known(op.Bucket); err != nil {
			return err
		}
		if err := apply(s.conn, op); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return ctx.Err()
}

// known refuses a bucket that is none of peer.Buckets.
func known(bucket string) error {
	if !slices.Contains(peer.Buckets[:], bucket) {
		return fmt.Errorf("store: there is no bucket %q", bucket)
	}
	return nil
}

func apply(conn *sqlite.Conn, op peer.Op) error {
	if op.Value == nil {
		return sqlitex.Execute(conn, "DELETE FROM entry WHERE bucket=? AND key=?", &sqlitex.ExecOptions{Args: []any{op.Bucket, blob(op.Key)}})
	}
	return sqlitex.Execute(conn, "INSERT INTO entry(bucket,key,value) VALUES(?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value",
		&sqlitex.ExecOptions{Args: []any{op.Bucket, blob(op.Key), blob(op.Value)}})
}

// Close ends the store; a second call does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

var errClosed = errors.New("store: it is closed")

func (s *Store) query(ctx context.Context, text string, args []any, each func(*sqlite.Stmt) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return errClosed
	}
	for i, arg := range args {
		if b, ok := arg.([]byte); ok {
			args[i] = blob(b)
		}
	}
	s.conn.SetInterrupt(ctx.Done())
	defer s.conn.SetInterrupt(nil)
	if err := sqlitex.Execute(s.conn, text, &sqlitex.ExecOptions{Args: args, ResultFunc: each}); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// blob makes sure that an empty value is stored as an empty blob: the driver binds a nil slice as NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func column(row *sqlite.Stmt, i int) []byte {
	b := make([]byte, row.ColumnLen(i))
	row.ColumnBytes(i, b)
	return b
}
