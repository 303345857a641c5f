package sqlite

import (
	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// rows are the tables within the writer's transaction. Every statement on what a mesh owns names the mesh's number, or that
// of a stream which was found through it.
type rows struct {
	conn *sqlite.Conn
	lent *lent
}

var _ store.Rows = rows{}

// lent is the blob that the SQL function lent() gives. To bind a blob copies it byte by byte, which took as long as to write it to
// the disk; what a function gives is copied at once.
type lent struct{ data []byte }

func newRows(conn *sqlite.Conn) (rows, error) {
	l := new(lent)
	return rows{conn, l}, conn.CreateFunction("lent", &sqlite.FunctionImpl{
		Scalar: func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) { return sqlite.BlobValue(l.data), nil },
	})
}

func (r rows) Mesh(id wire.MeshID) (store.MeshRow, error) { return reader{r.conn}.mesh(id) }

func (r rows) AddMesh(id wire.MeshID, row store.MeshRow) (int64, error) {
	err := prepare(r.conn, "INSERT INTO mesh (id, head, record) VALUES (?, ?, ?)").
		blob(id[:]).blob(row.Head[:]).int(int64(row.Record)).exec()
	return r.conn.LastInsertRowID(), err
}

func (r rows) SaveMesh(row store.MeshRow) error {
	return prepare(r.conn, "UPDATE mesh SET head = ?, record = ? WHERE number = ?").
		blob(row.Head[:]).int(int64(row.Record)).int(row.Number).exec()
}

func (r rows) Stream(number int64, name wire.Stream) (store.StreamRow, error) {
	return reader{r.conn}.stream(number, name)
}

func (r rows) AddStream(number int64, name wire.Stream) (int64, error) {
	err := prepare(r.conn, "INSERT INTO stream (mesh, kind, id, head, count, bytes, oldest) VALUES (?, ?, ?, 0, 0, 0, 0)").
		int(number).int(int64(name.Kind)).blob(name.ID[:]).exec()
	return r.conn.LastInsertRowID(), err
}

func (r rows) SaveStream(row store.StreamRow) error {
	return prepare(r.conn, "UPDATE stream SET head = ?, count = ?, bytes = ?, oldest = ? WHERE number = ?").
		int(int64(row.Head)).int(int64(row.Kept.Count)).int(int64(row.Kept.Bytes)).int(int64(row.Oldest)).int(row.Number).exec()
}

func (r rows) AddChunk(c store.Chunk) error {
	r.lent.data = c.Data
	defer func() { r.lent.data = nil }()
	return prepare(r.conn, "INSERT INTO chunk (stream, last, first, previous, count, time, checksum, data) VALUES (?, ?, ?, ?, ?, ?, ?, lent())").
		int(c.Stream).int(int64(c.Last)).int(int64(c.First)).int(int64(c.Previous)).int(int64(c.Count)).
		int(int64(c.Time)).int(int64(c.Checksum)).exec()
}

func (r rows) ChunkAt(stream int64, position wire.Position) (c store.Chunk, err error) {
	err = prepare(r.conn, chunkColumns+"WHERE stream = ? AND last >= ? ORDER BY last LIMIT 1").
		int(stream).int(int64(position)).one(func(stmt *sqlite.Stmt) {
		if positionAt(stmt, 2) <= position {
			c = chunkAt(stmt)
		}
	})
	return c, err
}

func (r rows) OldestChunks(stream int64, take func(store.Chunk) bool) error {
	return prepare(r.conn, chunkColumns+"WHERE stream = ? ORDER BY last").int(stream).
		each(func(stmt *sqlite.Stmt) bool { return take(chunkAt(stmt)) })
}

func (r rows) DropChunks(stream int64, to wire.Position) error {
	return prepare(r.conn, "DELETE FROM chunk WHERE stream = ? AND last <= ?").int(stream).int(int64(to)).exec()
}

func (r rows) Counter(number int64, device wire.DeviceID) (row store.CounterRow, err error) {
	err = prepare(r.conn, "SELECT last, bytes FROM counter WHERE mesh = ? AND device = ?").int(number).blob(device[:]).
		one(func(stmt *sqlite.Stmt) {
			row = store.CounterRow{Last: uint64(stmt.ColumnInt64(0)), Bytes: uint64(stmt.ColumnInt64(1))}
		})
	return row, err
}

func (r rows) SaveCounter(number int64, device wire.DeviceID, row store.CounterRow) error {
	return prepare(r.conn, "INSERT INTO counter (mesh, device, last, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last, bytes = excluded.bytes").
		int(number).blob(device[:]).int(int64(row.Last)).int(int64(row.Bytes)).exec()
}

func (r rows) RaiseCursor(number int64, device wire.DeviceID, stream int64, position wire.Position) error {
	return prepare(r.conn, `INSERT INTO cursor (mesh, device, stream, position) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET position = excluded.position WHERE excluded.position > position`).
		int(number).blob(device[:]).int(stream).int(int64(position)).exec()
}

func (r rows) InviteUses(number int64, id wire.InviteID) (left int, err error) {
	err = prepare(r.conn, "SELECT uses_left FROM invite WHERE mesh = ? AND id = ?").int(number).blob(id[:]).
		one(func(stmt *sqlite.Stmt) { left = stmt.ColumnInt(0) })
	return left, err
}

func (r rows) SaveInviteUses(number int64, id wire.InviteID, left int) error {
	return prepare(r.conn, "UPDATE invite SET uses_left = ? WHERE mesh = ? AND id = ?").int(int64(left)).int(number).blob(id[:]).exec()
}

func (r rows) CodeTaken(code string) (taken bool, err error) {
	err = prepare(r.conn, "SELECT 1 FROM invite WHERE code = ?").text(code).one(func(*sqlite.Stmt) { taken = true })
	return taken, err
}

func (r rows) AddInvite(number int64, code string, invite *mesh.NewInvite) error {
	return prepare(r.conn, "INSERT INTO invite (mesh, id, code, uses_left, escrow, preview) VALUES (?, ?, ?, ?, ?, ?)").
		int(number).blob(invite.ID[:]).text(code).int(int64(invite.Uses)).blob(invite.Escrow).blob(invite.Preview).exec()
}

func (r rows) SaveSession(number int64, s *mesh.SessionRow) error {
	return prepare(r.conn, `INSERT INTO session (mesh, device, session, member, state, since, card_version, card) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET member = excluded.member, state = excluded.state, since = excluded.since,
			card_version = excluded.card_version, card = excluded.card`).
		int(number).blob(s.Device[:]).blob(s.Session[:]).blob(s.Member[:]).text(s.State).
		int(int64(s.Since)).int(int64(s.CardVersion)).blob(s.Card).exec()
}

func (r rows) DropSession(number int64, device wire.DeviceID, session wire.SessionID) error {
	return prepare(r.conn, "DELETE FROM session WHERE mesh = ? AND device = ? AND session = ?").
		int(number).blob(device[:]).blob(session[:]).exec()
}

func (r rows) ForgetDevice(number int64, device wire.DeviceID) error {
	err := prepare(r.conn, "DELETE FROM cursor WHERE mesh = ? AND device = ?").int(number).blob(device[:]).exec()
	if err != nil {
		return err
	}
	return prepare(r.conn, "DELETE FROM session WHERE mesh = ? AND device = ?").int(number).blob(device[:]).exec()
}

func (r rows) AddRecord(number int64, record *store.Record) error {
	return prepare(r.conn, "INSERT INTO audit (mesh, number, time, action, kind, id, position, shares) VALUES (?, ?, ?, ?, ?, ?, ?, ?)").
		int(number).int(int64(record.Number)).int(int64(record.Time)).text(string(record.Action)).
		int(int64(record.Stream.Kind)).blob(record.Stream.ID[:]).int(int64(record.Position)).blob(store.AppendShares(nil, record.Shares)).exec()
}
