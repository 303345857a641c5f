package sqlite

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Migrations are applied in the order of their names and recorded with their checksums. A released file never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// fills are what SQL cannot do in a migration, behind its file and in its transaction.
var fills = map[string]func(*sqlite.Conn) error{"0002_kept.sql": fillKept}

// migrate brings a database to the newest schema. It refuses one that a newer program wrote, and one that was made by other
// files of the same names.
func migrate(conn *sqlite.Conn, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(conn)
	if err != nil {
		return err
	}
	for name := range applied {
		if !slices.Contains(names, "migrations/"+name) {
			return fmt.Errorf("the database was written by a newer version (it has the migration %s); use that version, or a newer one", name)
		}
	}
	for _, path := range names {
		name := path[len("migrations/"):]
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		checksum := hex.EncodeToString(sum[:])
		if known, ok := applied[name]; ok {
			if known != checksum {
				return fmt.Errorf("the database was made by another migration %s than this program has", name)
			}
			continue
		}
		if err := applyMigration(conn, name, string(text), checksum); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}

func appliedMigrations(conn *sqlite.Conn) (map[string]string, error) {
	err := sqlitex.ExecuteTransient(conn, `CREATE TABLE IF NOT EXISTS migration (
		name TEXT PRIMARY KEY, checksum TEXT NOT NULL) STRICT, WITHOUT ROWID`, nil)
	if err != nil {
		return nil, err
	}
	applied := make(map[string]string)
	return applied, sqlitex.ExecuteTransient(conn, "SELECT name, checksum FROM migration", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			applied[stmt.ColumnText(0)] = stmt.ColumnText(1)
			return nil
		},
	})
}

func applyMigration(conn *sqlite.Conn, name, text, checksum string) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := sqlitex.ExecuteScript(conn, text, nil); err != nil {
		return err
	}
	if fill := fills[name]; fill != nil {
		if err := fill(conn); err != nil {
			return err
		}
	}
	return sqlitex.ExecuteTransient(conn, "INSERT INTO migration (name, checksum) VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{name, checksum}})
}
