package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/check"
	"claudemesh.com/mesh/relay/store/migrate"
	"claudemesh.com/mesh/shared/wire"
)

// Check reads the whole database of an address, which relays may use meanwhile, as it is at one moment, and changes nothing
// (check.Run). An error means that it could not be read at all, and does not hold the password.
func Check(ctx context.Context, address string) (report check.Report, err error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return report, errAddress
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return report, fmt.Errorf("opening the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return report, err
	}
	return check.Run(source{ctx, conn})
}

// source is a database for check.Run.
type source struct {
	ctx  context.Context
	conn *pgx.Conn
}

var _ check.Source = source{}

// Inspect implements check.Source: it refuses what this version cannot judge. That pages are what was written is for PostgreSQL to
// find, where it has data checksums; it says so when they are read.
func (s source) Inspect(func(string)) error {
	found, err := s.conn.Query(s.ctx, "SELECT name FROM migration")
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("this is not the database of a relay: %w", err)
	}
	return migrate.IsNewest(names, migrations)
}

// Damaged implements check.Source.
func (source) Damaged(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && strings.HasPrefix(answer.Code, "XX") // internal_error, data_corrupted, index_corrupted
}

// Generation implements check.Source.
func (s source) Generation() (uint32, error) {
	generation, err := s.Count("SELECT generation FROM relay")
	return uint32(generation), err
}

// Count implements check.Source.
func (s source) Count(sql string) (n int64, err error) {
	err = s.conn.QueryRow(s.ctx, sql).Scan(&n)
	return n, err
}

// Meshes implements check.Source.
func (s source) Meshes() (ids []wire.MeshID, err error) {
	var id []byte
	err = s.each("SELECT id FROM mesh ORDER BY number", nil, []any{&id}, func() { ids = append(ids, wire.MeshID(id)) })
	return ids, err
}

// Mesh implements check.Source.
func (s source) Mesh(id wire.MeshID) (row store.MeshRow, err error) {
	var head []byte
	err = s.conn.QueryRow(s.ctx, "SELECT number, head FROM mesh WHERE id = $1", id[:]).Scan(&row.Number, &head)
	copy(row.Head[:], head)
	return row, err
}

// Streams implements check.Source.
func (s source) Streams(number int64) (streams []check.Stream, err error) {
	var kind int16
	var id []byte
	var row store.StreamRow
	err = s.each("SELECT number, kind, id, head, count, bytes, oldest FROM stream WHERE mesh = $1 ORDER BY kind, id", []any{number},
		[]any{&row.Number, &kind, &id, &row.Head, &row.Kept.Count, &row.Kept.Bytes, &row.Oldest},
		func() { streams = append(streams, check.Stream{Name: streamOf(kind, id), Row: row}) })
	return streams, err
}

// Counters implements check.Source: what a trim freed counts as taken.
func (s source) Counters(number int64) (counters []mesh.Counter, err error) {
	var device []byte
	var c mesh.Counter
	err = s.each(`SELECT c.device, c.last, (c.bytes - coalesce((SELECT sum(f.bytes) FROM freed f WHERE f.mesh = c.mesh AND f.device = c.device), 0))::bigint
		FROM counter c WHERE c.mesh = $1 ORDER BY c.device`, []any{number}, []any{&device, &c.Last, &c.Bytes}, func() {
		c.Device = wire.DeviceID(device)
		counters = append(counters, c)
	})
	return counters, err
}

// Cursors implements check.Source.
func (s source) Cursors(number int64) (cursors []mesh.CursorRow, err error) {
	var kind int16
	var device, id []byte
	var position wire.Position
	err = s.each(`SELECT c.device, s.kind, s.id, c.position FROM cursor c JOIN stream s ON s.number = c.stream
		WHERE c.mesh = $1 ORDER BY c.device, s.kind, s.id`, []any{number}, []any{&device, &kind, &id, &position}, func() {
		cursors = append(cursors, mesh.CursorRow{Device: wire.DeviceID(device), Stream: streamOf(kind, id), Position: position})
	})
	return cursors, err
}

// Chunks implements check.Source.
func (s source) Chunks(stream int64, take func(*store.Chunk)) error {
	var c store.Chunk
	return s.each("SELECT stream, last, first, previous, count, time, checksum, data FROM chunk WHERE stream = $1 ORDER BY last", []any{stream},
		[]any{&c.Stream, &c.Last, &c.First, &c.Previous, &c.Count, &c.Time, &c.Checksum, &c.Data}, func() {
			chunk := c
			take(&chunk)
			c.Data = nil // the next row's is another
		})
}

// Audit implements check.Source. Lines that nobody has read yet have no number.
func (s source) Audit(number int64) (first, last, count uint64, err error) {
	err = s.conn.QueryRow(s.ctx, "SELECT coalesce(min(number), 0), coalesce(max(number), 0), count(number) FROM audit WHERE mesh = $1", number).
		Scan(&first, &last, &count)
	return first, last, count, err
}

// Records implements check.Source.
func (source) Records() bool { return false }

func (s source) each(sql string, args, into []any, took func()) error {
	found, err := s.conn.Query(s.ctx, sql, args...)
	if err != nil {
		return err
	}
	return each(found, into, took)
}
