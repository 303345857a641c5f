package postgres

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// askLimit ends a question that hangs.
const askLimit = 30 * time.Second

// ask sends statements in one round trip and reads their answers. What fails is asked once more, on a new connection: the
// database may have been started again since the last use. So build is called twice at most.
func (s *Store) ask(ctx context.Context, doing string, build func(*pgx.Batch)) error {
	l := s.life.Load()
	if l.why() != nil {
		return s.unavailable(doing, l)
	}
	ctx, cancel := l.bound(ctx, askLimit)
	defer cancel()
	var known *wire.Error
	for again := true; ; again = false {
		var batch pgx.Batch
		build(&batch)
		err := s.readers.SendBatch(ctx, &batch).Close()
		switch {
		case err == nil || errors.As(err, &known):
			return err
		case l.why() != nil:
			return s.unavailable(doing, l)
		case !again || ctx.Err() != nil:
			return store.Unavailable(doing, err)
		}
		s.readers.Reset()
	}
}

// readPage gives the head of a stream, and beside it one after another the chunks that a page of so many bytes needs. What
// entries take beside their own bytes is not counted, as a page does not count it. At most 512 chunks are looked at, so that
// a long stream costs no more than a short one.
const readPage = `SELECT s.number, s.head, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data
	FROM mesh m JOIN stream s ON s.mesh = m.number AND s.kind = $2 AND s.id = $3
	LEFT JOIN LATERAL (
		SELECT w.*, sum(octet_length(data) - $6 * count) OVER (ORDER BY last) - (octet_length(data) - $6 * count) AS before
		FROM (SELECT * FROM chunk WHERE stream = s.number AND last > $4 ORDER BY last LIMIT 512) w
	) c ON c.before < $5
	WHERE m.id = $1 ORDER BY c.last`

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, id wire.MeshID, stream wire.Stream, after wire.Position, maxBytes int) (page mesh.Page, err error) {
	build := func(batch *pgx.Batch) {
		query := batch.Queue(readPage, id[:], int16(stream.Kind), stream.ID[:], int64(after), int64(max(maxBytes, 1)), int64(mesh.EntryOverhead))
		query.Query(func(found pgx.Rows) error {
			builder := store.NewPage(after, maxBytes)
			var head wire.Position
			for more := true; found.Next(); {
				var number int64
				var last, first, previous, time, checksum *int64
				var count *int
				var data []byte
				if err := found.Scan(&number, &head, &last, &first, &previous, &count, &time, &checksum, &data); err != nil {
					return err
				}
				if last == nil || !more {
					continue
				}
				var err error
				more, err = builder.Add(store.Chunk{
					Stream: number, Last: wire.Position(*last), First: wire.Position(*first), Previous: wire.Position(*previous),
					Count: *count, Time: uint64(*time), Checksum: uint32(*checksum), Data: data,
				})
				if err != nil {
					return err
				}
			}
			page = builder.Page(head)
			return found.Err()
		})
	}
	err = s.ask(ctx, "reading a stream", build)
	return page, err
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, id wire.MeshID) (mesh.Snapshot, error) {
	var snapshot mesh.Snapshot
	build := func(batch *pgx.Batch) {
		snapshot = mesh.Snapshot{Mesh: id}
		batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		queueLoad(batch, &snapshot, "0")
		batch.Queue("COMMIT")
	}
	if err := s.ask(ctx, "loading a mesh", build); err != nil {
		return mesh.Snapshot{}, err
	}
	return snapshot, nil
}

// Invite implements store.Store.
func (s *Store) Invite(ctx context.Context, code string) (mesh.InviteRow, error) {
	row := mesh.InviteRow{Code: code}
	if !utf8.ValidString(code) || strings.ContainsRune(code, 0) {
		return mesh.InviteRow{}, wire.Refuse(wire.CodeNotFound) // the database takes no such text
	}
	build := func(batch *pgx.Batch) {
		query := batch.Queue("SELECT m.id, i.id, i.escrow, i.preview FROM invite i JOIN mesh m ON m.number = i.mesh WHERE i.code = $1", code)
		query.QueryRow(func(found pgx.Row) error {
			var in, id []byte
			err := found.Scan(&in, &id, &row.Escrow, &row.Preview)
			if errors.Is(err, pgx.ErrNoRows) {
				return wire.Refuse(wire.CodeNotFound)
			}
			copy(row.Mesh[:], in)
			copy(row.Invite[:], id)
			return err
		})
	}
	if err := s.ask(ctx, "finding an invite", build); err != nil {
		return mesh.InviteRow{}, err
	}
	return row, nil
}

// agedMeshes has the words of the index stream_oldest.
const agedMeshes = `SELECT m.id FROM mesh m WHERE m.number IN (
	SELECT s.mesh FROM stream s WHERE s.kind <> 1 AND s.oldest > 0 AND s.oldest < $1) ORDER BY m.number LIMIT $2`

// Aged implements store.Store.
func (s *Store) Aged(ctx context.Context, before uint64, limit int) (ids []wire.MeshID, err error) {
	build := func(batch *pgx.Batch) {
		ids = nil
		query := batch.Queue(agedMeshes, int64(before), limit)
		query.Query(func(found pgx.Rows) error {
			var id []byte
			return each(found, []any{&id}, func() { ids = append(ids, wire.MeshID(id)) })
		})
	}
	err = s.ask(ctx, "looking for what is old", build)
	return ids, err
}

// numberRecords gives numbers to lines that have none, in the order in which they were written, as many as are asked for.
// A line of a commit that is still under way gets a later one.
const numberRecords = `UPDATE audit a SET number = n.number FROM (
		SELECT entry, (SELECT coalesce(max(number), 0) FROM audit WHERE mesh = m.number) + row_number() OVER (ORDER BY entry) AS number
		FROM audit, (SELECT number FROM mesh WHERE id = $1) m
		WHERE audit.mesh = m.number AND audit.number IS NULL ORDER BY entry LIMIT $2
	) n WHERE a.entry = n.entry`

// Audit implements store.Store.
func (s *Store) Audit(ctx context.Context, id wire.MeshID, after uint64, limit int) (records []store.Record, err error) {
	build := func(batch *pgx.Batch) {
		records = nil
		batch.Queue("BEGIN")
		batch.Queue("SELECT pg_advisory_xact_lock(hashtextextended('claudemesh audit', number)) FROM mesh WHERE id = $1", id[:])
		batch.Queue(numberRecords, id[:], limit)
		batch.Queue(`SELECT a.number, a.time, a.action, a.kind, a.id, a.position, a.shares FROM audit a
			JOIN mesh m ON m.number = a.mesh WHERE m.id = $1 AND a.number > $2 ORDER BY a.number LIMIT $3`, id[:], int64(after), limit).
			Query(func(found pgx.Rows) error {
				var record store.Record
				var action string
				var kind int16
				var stream, shares []byte
				return each(found, []any{&record.Number, &record.Time, &action, &kind, &stream, &record.Position, &shares}, func() {
					record.Action = store.Action(action)
					record.Stream = streamOf(kind, stream)
					record.Shares = store.ReadShares(shares)
					records = append(records, record)
				})
			})
		batch.Queue("COMMIT")
	}
	err = s.ask(ctx, "reading the audit", build)
	return records, err
}
