package postgres

import (
	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// queueLoad appends the statements that read a mesh into its snapshot, in the order of keys, so that a core does the same
// after every load.
func queueLoad(batch *pgx.Batch, s *mesh.Snapshot) {
	id := s.Mesh[:]
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
	queueRoster(batch, s)
	batch.Queue(`SELECT s.kind, s.id, s.head, s.count, s.bytes, s.oldest FROM stream s JOIN mesh m ON m.number = s.mesh
		WHERE m.id = $1 AND s.head > 0 ORDER BY s.kind, s.id`, id).Query(func(found pgx.Rows) error {
		var kind int16
		var stream []byte
		var head mesh.StreamHead
		return each(found, []any{&kind, &stream, &head.Position, &head.Kept.Count, &head.Kept.Bytes, &head.Oldest}, func() {
			head.Stream = streamOf(kind, stream)
			s.Heads = append(s.Heads, head)
		})
	})
	batch.Queue(`SELECT c.device, c.last, c.bytes FROM counter c JOIN mesh m ON m.number = c.mesh
		WHERE m.id = $1 AND c.last > 0 ORDER BY c.device`, id).Query(func(found pgx.Rows) error {
		var device []byte
		var last, bytes uint64
		return each(found, []any{&device, &last, &bytes}, func() {
			s.Counters = append(s.Counters, mesh.Counter{Device: wire.DeviceID(device), Last: last, Bytes: bytes})
		})
	})
	batch.Queue(`SELECT c.device, s.kind, s.id, c.position FROM cursor c JOIN mesh m ON m.number = c.mesh JOIN stream s ON s.number = c.stream
		WHERE m.id = $1 ORDER BY c.device, s.kind, s.id`, id).Query(func(found pgx.Rows) error {
		var kind int16
		var device, stream []byte
		var position wire.Position
		return each(found, []any{&device, &kind, &stream, &position}, func() {
			s.Cursors = append(s.Cursors, mesh.CursorRow{Device: wire.DeviceID(device), Stream: streamOf(kind, stream), Position: position})
		})
	})
	batch.Queue(`SELECT n.device, n.session, n.member, n.state, n.since, n.card_version, n.card FROM session n JOIN mesh m ON m.number = n.mesh
		WHERE m.id = $1 ORDER BY n.device, n.session`, id).Query(func(found pgx.Rows) error {
		var row mesh.SessionRow
		var device, session, member, card []byte
		return each(found, []any{&device, &session, &member, &row.State, &row.Since, &row.CardVersion, &card}, func() {
			row.Device, row.Session, row.Member, row.Card = wire.DeviceID(device), wire.SessionID(session), wire.MemberID(member), card
			s.Sessions = append(s.Sessions, row)
			card = nil
		})
	})
	batch.Queue("SELECT i.id, i.code FROM invite i JOIN mesh m ON m.number = i.mesh WHERE m.id = $1 ORDER BY i.id", id).Query(func(found pgx.Rows) error {
		var invite []byte
		var code string
		return each(found, []any{&invite, &code}, func() {
			s.Codes = append(s.Codes, mesh.InviteCode{Invite: wire.InviteID(invite), Code: code})
		})
	})
}

func queueRoster(batch *pgx.Batch, s *mesh.Snapshot) {
	roster := wire.RosterStream(s.Mesh)
	batch.Queue(`SELECT c.stream, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data FROM mesh m
		JOIN stream s ON s.mesh = m.number AND s.kind = $2 AND s.id = $3 JOIN chunk c ON c.stream = s.number
		WHERE m.id = $1 ORDER BY c.last`, s.Mesh[:], int16(roster.Kind), roster.ID[:]).Query(func(found pgx.Rows) error {
		page := store.NewPage(0, 1<<40)
		for found.Next() {
			var c store.Chunk
			if err := found.Scan(&c.Stream, &c.Last, &c.First, &c.Previous, &c.Count, &c.Time, &c.Checksum, &c.Data); err != nil {
				return err
			}
			if _, err := page.Add(c); err != nil {
				return err
			}
		}
		s.Roster = page.Page(0).Entries
		return found.Err()
	})
}

func streamOf(kind int16, id []byte) wire.Stream {
	return wire.Stream{Kind: wire.StreamKind(kind), ID: [wire.IDSize]byte(id)}
}
