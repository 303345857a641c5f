package sqlite

import (
	"embed"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/store/migrate"
)

// Migrations are applied in the order of their names and recorded with their checksums. A released file never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// fills are what SQL cannot do in a migration, behind its file and in its transaction.
var fills = map[string]func(*sqlite.Conn) error{"0002_kept.sql": fillKept}

// schema is the schema of a database. The lock is that of the data directory.
type schema struct{ conn *sqlite.Conn }

var _ migrate.Database = schema{}

// Applied implements migrate.Database.
func (s schema) Applied() (map[string]string, error) {
	err := sqlitex.ExecuteTransient(s.conn, `CREATE TABLE IF NOT EXISTS migration (
		name TEXT PRIMARY KEY, checksum TEXT NOT NULL) STRICT, WITHOUT ROWID`, nil)
	if err != nil {
		return nil, err
	}
	applied := make(map[string]string)
	return applied, sqlitex.ExecuteTransient(s.conn, "SELECT name, checksum FROM migration", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			applied[stmt.ColumnText(0)] = stmt.ColumnText(1)
			return nil
		},
	})
}

// Apply implements migrate.Database.
func (s schema) Apply(name, text, checksum string) (err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := sqlitex.ExecuteScript(s.conn, text, nil); err != nil {
		return err
	}
	if fill := fills[name]; fill != nil {
		if err := fill(s.conn); err != nil {
			return err
		}
	}
	return sqlitex.ExecuteTransient(s.conn, "INSERT INTO migration (name, checksum) VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{name, checksum}})
}
