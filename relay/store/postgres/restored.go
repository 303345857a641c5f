package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/store"
)

// errRuns is why a database was not made fit.
var errRuns = errors.New("a relay runs on the database, or did a moment ago; stop it and try again")

// Restored makes a database that was put back from a backup fit for relays that begin at a time or later: they give no position
// that was given since the backup. It is refused while a relay runs on it. No error holds the password.
func Restored(ctx context.Context, address string, now time.Time) (err error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return errAddress
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var old uint32
		var runs bool
		row := tx.QueryRow(ctx, "SELECT generation, EXISTS (SELECT 1 FROM node WHERE lost IS NULL AND until > now()) FROM relay FOR UPDATE")
		if err := row.Scan(&old, &runs); err != nil {
			return err
		}
		if runs {
			return errRuns
		}
		_, err := tx.Exec(ctx, "UPDATE relay SET generation = $1", int64(store.RestoredGeneration(old, now)))
		return err
	})
}
