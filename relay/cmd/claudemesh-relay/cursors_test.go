package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	store "claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

const allCursors = "SELECT c.device, s.kind, s.id, c.position FROM cursor c JOIN stream s ON s.number = c.stream"

// cursorsOf are the cursors in a data folder, on which a relay may run.
func cursorsOf(t *testing.T, data string) map[cursorAt]wire.Position {
	t.Helper()
	conn, err := sqlite.OpenConn(store.Path(data), sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cursors := make(map[cursorAt]wire.Position)
	err = sqlitex.ExecuteTransient(conn, allCursors, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		var at cursorAt
		stmt.ColumnBytes(0, at.device[:])
		at.stream.Kind = wire.StreamKind(stmt.ColumnInt(1))
		stmt.ColumnBytes(2, at.stream.ID[:])
		cursors[at] = wire.Position(stmt.ColumnInt64(3))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return cursors
}

// cursorsIn are those in a PostgreSQL database.
func cursorsIn(t *testing.T, address string) map[cursorAt]wire.Position {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	found, err := conn.Query(ctx, allCursors)
	if err != nil {
		t.Fatal(err)
	}
	cursors := make(map[cursorAt]wire.Position)
	var device, id []byte
	var kind int16
	var position int64
	_, err = pgx.ForEachRow(found, []any{&device, &kind, &id, &position}, func() error {
		cursors[cursorAt{wire.DeviceID(device), wire.Stream{Kind: wire.StreamKind(kind), ID: [wire.IDSize]byte(id)}}] = wire.Position(position)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cursors
}
