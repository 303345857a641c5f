package postgres

import (
	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

const (
	headColumns = "s.kind, s.id, s.head, s.count, s.bytes, s.oldest"
	// trimmedColumn is the highest position that was dropped of an inbox: that before its first entry.
	trimmedColumn = `CASE WHEN s.kind <> 2 THEN 0 WHEN s.count = 0 THEN s.head
		ELSE coalesce((SELECT k.previous FROM chunk k WHERE k.stream = s.number ORDER BY k.last LIMIT 1), 0) END`
	// What a trim freed is taken from the counter later (fold).
	counterColumns = `c.device, c.last,
		greatest(c.bytes - coalesce((SELECT sum(f.bytes) FROM freed f WHERE f.mesh = c.mesh AND f.device = c.device), 0), 0)::bigint`
	cursorColumns  = "c.device, s.kind, s.id, c.position"
	sessionColumns = "n.mesh, n.device, n.session, n.member, n.state, n.since, n.card_version, n.card, n.node, n.version, n.own"
	chunkColumns   = "c.stream, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data"
)

// queueLoad appends the statements that read a mesh into its snapshot, in the order of keys, so that a core does the same
// after every load; trimmed is the SQL of what that tells of heads.
func queueLoad(batch *pgx.Batch, s *mesh.Snapshot, trimmed string) {
	id := s.Mesh[:]
	batch.Queue("SELECT " + markNow).QueryRow(func(found pgx.Row) error { return found.Scan(&s.Mark) })
	batch.Queue("SELECT id FROM node WHERE lost IS NULL ORDER BY id").Query(func(found pgx.Rows) error {
		var node mesh.NodeID
		return each(found, []any{&node}, func() { s.Nodes = append(s.Nodes, node) })
	})
	batch.Queue("SELECT count(*) FROM mesh WHERE id = $1", id).QueryRow(func(found pgx.Row) error {
		var there int
		if err := found.Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return wire.Refuse(wire.CodeUnknownMesh)
		}
		return nil
	})
	queueStatements(batch, s.Mesh, 0, &s.Roster)
	batch.Queue("SELECT "+headColumns+", "+trimmed+` FROM stream s JOIN mesh m ON m.number = s.mesh
		WHERE m.id = $1 AND s.head > 0 ORDER BY s.kind, s.id`, id).
		Query(func(found pgx.Rows) (err error) { s.Heads, err = readHeads(found); return err })
	batch.Queue("SELECT "+counterColumns+` FROM counter c JOIN mesh m ON m.number = c.mesh
		WHERE m.id = $1 AND c.last > 0 ORDER BY c.device`, id).
		Query(func(found pgx.Rows) (err error) { s.Counters, err = readCounters(found); return err })
	batch.Queue("SELECT "+cursorColumns+` FROM cursor c JOIN mesh m ON m.number = c.mesh JOIN stream s ON s.number = c.stream
		WHERE m.id = $1 ORDER BY c.device, s.kind, s.id`, id).
		Query(func(found pgx.Rows) (err error) { s.Cursors, err = readCursors(found); return err })
	batch.Queue("SELECT "+sessionColumns+` FROM session n JOIN mesh m ON m.number = n.mesh
		WHERE m.id = $1 AND n.gone IS NULL ORDER BY n.device, n.session`, id).Query(func(found pgx.Rows) error {
		return eachSession(found, func(_ int64, row mesh.SessionRow) { s.Sessions = append(s.Sessions, row) })
	})
	batch.Queue("SELECT i.id, i.code FROM invite i JOIN mesh m ON m.number = i.mesh WHERE m.id = $1 ORDER BY i.id", id).
		Query(func(found pgx.Rows) (err error) { s.Codes, err = readCodes(found); return err })
}

// queueStatements reads the roster behind a position.
func queueStatements(batch *pgx.Batch, id wire.MeshID, after int64, into *[]mesh.Entry) {
	roster := wire.RosterStream(id)
	batch.Queue("SELECT "+chunkColumns+` FROM mesh m
		JOIN stream s ON s.mesh = m.number AND s.kind = $2 AND s.id = $3 JOIN chunk c ON c.stream = s.number
		WHERE m.id = $1 AND c.last > $4 ORDER BY c.last`, id[:], int16(roster.Kind), roster.ID[:], after).Query(func(found pgx.Rows) error {
		page := store.NewPage(wire.Position(after), 1<<40)
		for found.Next() {
			var c store.Chunk
			if err := found.Scan(&c.Stream, &c.Last, &c.First, &c.Previous, &c.Count, &c.Time, &c.Checksum, &c.Data); err != nil {
				return err
			}
			if _, err := page.Add(c); err != nil {
				return err
			}
		}
		*into = page.Page(0).Entries
		return found.Err()
	})
}

func readHeads(found pgx.Rows) (all []mesh.StreamHead, err error) {
	var kind int16
	var stream []byte
	var head mesh.StreamHead
	err = each(found, []any{&kind, &stream, &head.Position, &head.Kept.Count, &head.Kept.Bytes, &head.Oldest, &head.Trimmed}, func() {
		head.Stream = streamOf(kind, stream)
		all = append(all, head)
	})
	return all, err
}

func readCounters(found pgx.Rows) (all []mesh.Counter, err error) {
	var device []byte
	var counter mesh.Counter
	err = each(found, []any{&device, &counter.Last, &counter.Bytes}, func() {
		counter.Device = wire.DeviceID(device)
		all = append(all, counter)
	})
	return all, err
}

func readCursors(found pgx.Rows) (all []mesh.CursorRow, err error) {
	var kind int16
	var device, stream []byte
	var position wire.Position
	err = each(found, []any{&device, &kind, &stream, &position}, func() {
		all = append(all, mesh.CursorRow{Device: wire.DeviceID(device), Stream: streamOf(kind, stream), Position: position})
	})
	return all, err
}

func readCodes(found pgx.Rows) (all []mesh.InviteCode, err error) {
	var invite []byte
	var code string
	err = each(found, []any{&invite, &code}, func() {
		all = append(all, mesh.InviteCode{Invite: wire.InviteID(invite), Code: code})
	})
	return all, err
}

// eachSession hands on every session, with the number of its mesh.
func eachSession(found pgx.Rows, took func(in int64, row mesh.SessionRow)) error {
	var in int64
	var row mesh.SessionRow
	var device, session, member []byte
	into := []any{
		&in, &device, &session, &member, &row.State, &row.Since, &row.CardVersion, &row.Card, &row.Node, &row.Version, &row.Own,
	}
	return each(found, into, func() {
		row.Device, row.Session, row.Member = wire.DeviceID(device), wire.SessionID(session), wire.MemberID(member)
		took(in, row)
		row.Card = nil // the next row's is another
	})
}

func streamOf(kind int16, id []byte) wire.Stream {
	return wire.Stream{Kind: wire.StreamKind(kind), ID: [wire.IDSize]byte(id)}
}
