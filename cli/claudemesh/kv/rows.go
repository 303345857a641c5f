package kv

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const rowsSchema = `
CREATE TABLE IF NOT EXISTS entry (
  key   BLOB PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;`

// rowsVersion is the schema's, kept in the file; a file of a later one is refused.
const rowsVersion = 1

// Rows keeps what is due to agent sessions, in a SQLite file. A Commit outlives this process when it returns, but does not
// wait for the disk: Sync does, on a connection of its own, so that one who asks is never held up by it. What a power cut takes
// is at most what came since the last Sync, and there every session is gone too.
//
// Its methods may be called from any goroutine.
type Rows struct {
	mu   sync.Mutex
	conn *sqlite.Conn

	syncing sync.Mutex
	syncer  *sqlite.Conn
}

// OpenRows opens the file at path, making it if needed, with mode 0600: it holds messages.
func OpenRows(path string) (*Rows, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = errors.Join(file.Chmod(0o600), file.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("open the agents' store: %w", err)
	}
	var conns [2]*sqlite.Conn
	for i := range conns {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
		if err == nil {
			conns[i] = conn
			err = prepareRows(conn)
		}
		if err != nil {
			for _, conn := range conns {
				if conn != nil {
					err = errors.Join(err, conn.Close())
				}
			}
			return nil, fmt.Errorf("open the agents' store: %w", err)
		}
	}
	return &Rows{conn: conns[0], syncer: conns[1]}, nil
}

func prepareRows(conn *sqlite.Conn) error {
	var have int
	err := sqlitex.ExecuteTransient(conn, "PRAGMA user_version", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { have = row.ColumnInt(0); return nil },
	})
	if err != nil {
		return err
	}
	if have > rowsVersion {
		return fmt.Errorf("it was written by a later claudemesh (schema %d, this one knows %d); update claudemesh", have, rowsVersion)
	}
	for _, text := range []string{
		"PRAGMA synchronous=NORMAL", "PRAGMA wal_autocheckpoint=0", rowsSchema, fmt.Sprintf("PRAGMA user_version=%d", rowsVersion),
	} {
		if err := sqlitex.ExecuteTransient(conn, text, nil); err != nil {
			return err
		}
	}
	return nil
}

// Scan lists the rows whose keys begin with a byte, in order.
func (r *Rows) Scan(kind byte) (rows []agent.Row, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return nil, errClosed
	}
	args := []any{[]byte{kind}, []byte{kind + 1}}
	err = sqlitex.Execute(r.conn, "SELECT key, value FROM entry WHERE key>=? AND key<? ORDER BY key", &sqlitex.ExecOptions{
		Args: args,
		ResultFunc: func(row *sqlite.Stmt) error {
			rows = append(rows, agent.Row{Key: column(row, 0), Value: column(row, 1)})
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("agents' store: %w", err)
	}
	return rows, nil
}

// Get is the value under a key, or nil.
func (r *Rows) Get(key []byte) (value []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return nil, errClosed
	}
	err = sqlitex.Execute(r.conn, "SELECT value FROM entry WHERE key=?", &sqlitex.ExecOptions{
		Args:       []any{key},
		ResultFunc: func(row *sqlite.Stmt) error { value = column(row, 0); return nil },
	})
	if err != nil {
		return nil, fmt.Errorf("agents' store: %w", err)
	}
	return value, nil
}

// Commit writes and deletes rows, all or none.
func (r *Rows) Commit(rows []agent.Row) (err error) {
	if len(rows) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return errClosed
	}
	end, err := sqlitex.ImmediateTransaction(r.conn)
	if err != nil {
		return fmt.Errorf("agents' store: %w", err)
	}
	defer end(&err)
	for _, row := range rows {
		text, args := "INSERT INTO entry(key,value) VALUES(?,?) ON CONFLICT DO UPDATE SET value=excluded.value", []any{row.Key, row.Value}
		if row.Value == nil {
			text, args = "DELETE FROM entry WHERE key=?", args[:1]
		}
		if err := sqlitex.Execute(r.conn, text, &sqlitex.ExecOptions{Args: args}); err != nil {
			return fmt.Errorf("agents' store: %w", err)
		}
	}
	return nil
}

// Sync returns when what was committed before outlives a power cut too. It holds up no other method.
func (r *Rows) Sync() error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	if r.syncer == nil {
		return errClosed
	}
	if err := sqlitex.ExecuteTransient(r.syncer, "PRAGMA wal_checkpoint(PASSIVE)", nil); err != nil {
		return fmt.Errorf("agents' store: %w", err)
	}
	return nil
}

// Close ends the store; a second call does nothing.
func (r *Rows) Close() error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return nil
	}
	err := errors.Join(r.syncer.Close(), r.conn.Close())
	r.conn, r.syncer = nil, nil
	return err
}
