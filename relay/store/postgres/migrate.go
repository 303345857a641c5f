package postgres

import (
	"context"
	"embed"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/store/migrate"
)

// Migrations are applied in the order of their names and recorded with their checksums. A released file never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// lockMigrations makes nodes that start at the same moment wait for each other. It falls with the connection.
const lockMigrations = "SELECT pg_advisory_lock(hashtextextended('claudemesh migrations', 0))"

// schema is the schema of a database.
type schema struct {
	ctx  context.Context
	conn *pgx.Conn
}

var _ migrate.Database = schema{}

// Applied implements migrate.Database.
func (s schema) Applied() (map[string]string, error) {
	if _, err := s.conn.Exec(s.ctx, lockMigrations); err != nil {
		return nil, err
	}
	_, err := s.conn.Exec(s.ctx, "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL)")
	if err != nil {
		return nil, err
	}
	rows, err := s.conn.Query(s.ctx, "SELECT name, checksum FROM migration")
	if err != nil {
		return nil, err
	}
	applied := make(map[string]string)
	var name, checksum string
	_, err = pgx.ForEachRow(rows, []any{&name, &checksum}, func() error {
		applied[name] = checksum
		return nil
	})
	return applied, err
}

// Apply implements migrate.Database.
func (s schema) Apply(name, text, checksum string) error {
	return pgx.BeginFunc(s.ctx, s.conn, func(tx pgx.Tx) error {
		// Only the simple protocol takes several statements.
		if _, err := tx.Exec(s.ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		_, err := tx.Exec(s.ctx, "INSERT INTO migration (name, checksum) VALUES ($1, $2)", name, checksum)
		return err
	})
}
