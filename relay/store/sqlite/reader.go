package sqlite

import (
	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// reader reads the tables within a transaction.
type reader struct{ conn *sqlite.Conn }

func (r reader) mesh(id wire.MeshID) (row store.MeshRow, err error) {
	err = prepare(r.conn, "SELECT number, head, record FROM mesh WHERE id = ?").blob(id[:]).one(func(stmt *sqlite.Stmt) {
		row.Number, row.Record = stmt.ColumnInt64(0), uint64(stmt.ColumnInt64(2))
		stmt.ColumnBytes(1, row.Head[:])
	})
	return row, err
}

func (r reader) stream(number int64, name wire.Stream) (row store.StreamRow, err error) {
	err = prepare(r.conn, "SELECT number, head, count, bytes, oldest FROM stream WHERE mesh = ? AND kind = ? AND id = ?").
		int(number).int(int64(name.Kind)).blob(name.ID[:]).one(func(stmt *sqlite.Stmt) {
		row = store.StreamRow{Number: stmt.ColumnInt64(0), Head: positionAt(stmt, 1), Kept: amountAt(stmt, 2), Oldest: uint64(stmt.ColumnInt64(4))}
	})
	return row, err
}

func (r reader) page(number int64, name wire.Stream, after wire.Position, maxBytes int) (mesh.Page, error) {
	stream, err := r.stream(number, name)
	if err != nil || stream.Number == 0 {
		return mesh.Page{}, err
	}
	page := store.NewPage(after, maxBytes)
	var damaged error
	err = prepare(r.conn, chunkColumns+"WHERE stream = ? AND last > ? ORDER BY last").
		int(stream.Number).int(int64(after)).each(func(stmt *sqlite.Stmt) bool {
		var more bool
		more, damaged = page.Add(chunkAt(stmt))
		return more && damaged == nil
	})
	if err == nil {
		err = damaged
	}
	return page.Page(stream.Head), err
}

// chunkColumns begins a query of chunks, for chunkAt.
const chunkColumns = "SELECT stream, last, first, previous, count, time, checksum, data FROM chunk "

func chunkAt(stmt *sqlite.Stmt) store.Chunk {
	return store.Chunk{
		Stream: stmt.ColumnInt64(0), Last: positionAt(stmt, 1), First: positionAt(stmt, 2), Previous: positionAt(stmt, 3),
		Count: stmt.ColumnInt(4), Time: uint64(stmt.ColumnInt64(5)), Checksum: uint32(stmt.ColumnInt64(6)), Data: bytesAt(stmt, 7),
	}
}

func amountAt(stmt *sqlite.Stmt, at int) mesh.Amount {
	return mesh.Amount{Count: uint64(stmt.ColumnInt64(at)), Bytes: uint64(stmt.ColumnInt64(at + 1))}
}

func (r reader) load(id wire.MeshID) (mesh.Snapshot, error) {
	s := mesh.Snapshot{Mesh: id}
	m, err := r.mesh(id)
	if err != nil {
		return s, err
	}
	if m.Number == 0 {
		return s, wire.Refuse(wire.CodeUnknownMesh)
	}
	roster, err := r.page(m.Number, wire.RosterStream(id), 0, 1<<40)
	if err != nil {
		return s, err
	}
	s.Roster = roster.Entries
	for _, load := range []func(int64, *mesh.Snapshot) error{r.heads, r.counters, r.cursors, r.sessions, r.codes} {
		if err := load(m.Number, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// What follows reads in the order of keys, so that a core does the same after every load.

func (r reader) heads(number int64, s *mesh.Snapshot) error {
	return prepare(r.conn, "SELECT kind, id, head, count, bytes, oldest FROM stream WHERE mesh = ? AND head > 0 ORDER BY kind, id").int(number).each(func(stmt *sqlite.Stmt) bool {
		s.Heads = append(s.Heads, mesh.StreamHead{
			Stream: streamAt(stmt, 0), Position: positionAt(stmt, 2), Kept: amountAt(stmt, 3), Oldest: uint64(stmt.ColumnInt64(5)),
		})
		return true
	})
}

func (r reader) counters(number int64, s *mesh.Snapshot) error {
	return prepare(r.conn, "SELECT device, last, bytes FROM counter WHERE mesh = ? ORDER BY device").int(number).each(func(stmt *sqlite.Stmt) bool {
		c := mesh.Counter{Last: uint64(stmt.ColumnInt64(1)), Bytes: uint64(stmt.ColumnInt64(2))}
		stmt.ColumnBytes(0, c.Device[:])
		s.Counters = append(s.Counters, c)
		return true
	})
}

func (r reader) cursors(number int64, s *mesh.Snapshot) error {
	return prepare(r.conn, `SELECT c.device, s.kind, s.id, c.position FROM cursor c JOIN stream s ON s.number = c.stream
		WHERE c.mesh = ? ORDER BY c.device, s.kind, s.id`).int(number).each(func(stmt *sqlite.Stmt) bool {
		c := mesh.CursorRow{Stream: streamAt(stmt, 1), Position: positionAt(stmt, 3)}
		stmt.ColumnBytes(0, c.Device[:])
		s.Cursors = append(s.Cursors, c)
		return true
	})
}

func (r reader) sessions(number int64, s *mesh.Snapshot) error {
	return prepare(r.conn, `SELECT device, session, member, state, since, card_version, card FROM session
		WHERE mesh = ? ORDER BY device, session`).int(number).each(func(stmt *sqlite.Stmt) bool {
		row := mesh.SessionRow{
			State: stmt.ColumnText(3), Since: uint64(stmt.ColumnInt64(4)), CardVersion: uint64(stmt.ColumnInt64(5)), Card: bytesAt(stmt, 6),
		}
		stmt.ColumnBytes(0, row.Device[:])
		stmt.ColumnBytes(1, row.Session[:])
		stmt.ColumnBytes(2, row.Member[:])
		s.Sessions = append(s.Sessions, row)
		return true
	})
}

func (r reader) codes(number int64, s *mesh.Snapshot) error {
	return prepare(r.conn, "SELECT id, code FROM invite WHERE mesh = ? ORDER BY id").int(number).each(func(stmt *sqlite.Stmt) bool {
		c := mesh.InviteCode{Code: stmt.ColumnText(1)}
		stmt.ColumnBytes(0, c.Invite[:])
		s.Codes = append(s.Codes, c)
		return true
	})
}

func (r reader) invite(code string) (row mesh.InviteRow, err error) {
	row.Code = code
	err = prepare(r.conn, "SELECT m.id, i.id, i.escrow, i.preview FROM invite i JOIN mesh m ON m.number = i.mesh WHERE i.code = ?").
		text(code).one(func(stmt *sqlite.Stmt) {
		stmt.ColumnBytes(0, row.Mesh[:])
		stmt.ColumnBytes(1, row.Invite[:])
		row.Escrow, row.Preview = bytesAt(stmt, 2), bytesAt(stmt, 3)
	})
	if err == nil && row.Mesh.IsZero() {
		return mesh.InviteRow{}, wire.Refuse(wire.CodeNotFound)
	}
	return row, err
}

func (r reader) aged(before uint64, limit int) (ids []wire.MeshID, err error) {
	err = prepare(r.conn, `SELECT id FROM mesh m WHERE EXISTS (
		SELECT 1 FROM stream s WHERE s.mesh = m.number AND s.kind <> ? AND s.oldest > 0 AND s.oldest < ?) ORDER BY number LIMIT ?`).
		int(int64(wire.StreamRoster)).int(int64(before)).int(int64(limit)).each(func(stmt *sqlite.Stmt) bool {
		var id wire.MeshID
		stmt.ColumnBytes(0, id[:])
		ids = append(ids, id)
		return true
	})
	return ids, err
}

func (r reader) audit(number int64, after uint64, limit int) (records []store.Record, err error) {
	err = prepare(r.conn, `SELECT number, time, action, kind, id, position, shares FROM audit
		WHERE mesh = ? AND number > ? ORDER BY number LIMIT ?`).int(number).int(int64(after)).int(int64(limit)).each(func(stmt *sqlite.Stmt) bool {
		records = append(records, store.Record{
			Number: uint64(stmt.ColumnInt64(0)), Time: uint64(stmt.ColumnInt64(1)), Action: store.Action(stmt.ColumnText(2)),
			Stream: streamAt(stmt, 3), Position: positionAt(stmt, 5), Shares: store.ReadShares(bytesAt(stmt, 6)),
		})
		return true
	})
	return records, err
}
