package postgres

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// changes are what a transaction writes at its end: one statement for each table, whatever the number of rows. Every
// transaction writes the tables and the rows of each in the same order.
type changes struct {
	heads   headChanges
	streams struct{ number, head, count, bytes, oldest []int64 }
	chunks  chunkChanges

	counters struct {
		mesh   []int64
		device [][]byte
		last   []int64
		added  []int64 // bytes, to what is kept; below 0: a trim took more
	}
	freed struct { // bytes of counters that are not held
		mesh   []int64
		device [][]byte
		bytes  []int64
	}
	cursors   map[cursorKey]wire.Position
	sessions  map[sessionKey]*mesh.SessionRow
	held      map[sessionKey]bool // of sessions: the row is there
	forgotten []deviceKey         // before cursors and sessions
	audit     struct {
		mesh, time []int64
		action     []string
		kind       []int16
		id         [][]byte
		position   []int64
		shares     [][]byte
	}
	others []statement // what is rare, in order
}

type headChanges struct {
	number []int64
	head   [][]byte
}

func (h *headChanges) add(number int64, head wire.Head) {
	h.number = append(h.number, number)
	h.head = append(h.head, head[:])
}

type chunkChanges struct {
	stream, last, first, previous []int64
	count                         []int32
	time, checksum                []int64
	data                          [][]byte
	size                          int
}

type cursorKey struct {
	mesh   int64
	device wire.DeviceID
	stream int64
}

type sessionKey struct {
	mesh    int64
	device  wire.DeviceID
	session wire.SessionID
}

type statement struct {
	sql  string
	args []any
}

func (c *changes) forget() {
	*c = changes{
		cursors: make(map[cursorKey]wire.Position), sessions: make(map[sessionKey]*mesh.SessionRow), held: make(map[sessionKey]bool),
	}
}

func (c *changes) add(sql string, args ...any) { c.others = append(c.others, statement{sql, args}) }

func (c *changes) forgetDevice(number int64, device wire.DeviceID) {
	c.forgotten = append(c.forgotten, deviceKey{number, device})
	maps.DeleteFunc(c.cursors, func(key cursorKey, _ wire.Position) bool { return key.mesh == number && key.device == device })
	maps.DeleteFunc(c.sessions, func(key sessionKey, _ *mesh.SessionRow) bool { return key.mesh == number && key.device == device })
	maps.DeleteFunc(c.held, func(key sessionKey, _ bool) bool { return key.mesh == number && key.device == device })
}

// queue appends the statements that write everything.
func (c *changes) queue(batch *pgx.Batch) {
	if len(c.heads.number) > 0 {
		// A head may have moved several times; the last one counts.
		last := make(map[int64][]byte)
		for i, number := range c.heads.number {
			last[number] = c.heads.head[i]
		}
		numbers := slices.Sorted(maps.Keys(last))
		heads := make([][]byte, len(numbers))
		for i, number := range numbers {
			heads[i] = last[number]
		}
		batch.Queue("UPDATE mesh SET head = n.head FROM unnest($1::bigint[], $2::bytea[]) AS n (number, head) WHERE mesh.number = n.number", numbers, heads)
	}
	for _, s := range c.others {
		batch.Queue(s.sql, s.args...)
	}
	if len(c.streams.number) > 0 {
		batch.Queue(`UPDATE stream SET head = n.head, count = n.count, bytes = n.bytes, oldest = n.oldest
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (number, head, count, bytes, oldest)
			WHERE stream.number = n.number`, c.streams.number, c.streams.head, c.streams.count, c.streams.bytes, c.streams.oldest)
	}
	c.chunks.queue(batch)
	if len(c.counters.mesh) > 0 {
		batch.Queue(`UPDATE counter SET last = n.last, bytes = counter.bytes + n.added
			FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[]) AS n (mesh, device, last, added)
			WHERE counter.mesh = n.mesh AND counter.device = n.device`, c.counters.mesh, c.counters.device, c.counters.last, c.counters.added)
	}
	if len(c.freed.mesh) > 0 {
		batch.Queue("INSERT INTO freed (mesh, device, bytes) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])",
			c.freed.mesh, c.freed.device, c.freed.bytes)
	}
	for _, d := range c.forgotten {
		batch.Queue("DELETE FROM cursor WHERE mesh = $1 AND device = $2", d.mesh, d.device[:])
		batch.Queue("DELETE FROM session WHERE mesh = $1 AND device = $2", d.mesh, d.device[:])
	}
	c.queueCursors(batch)
	c.queueSessions(batch)
	if a := &c.audit; len(a.mesh) > 0 {
		batch.Queue(`INSERT INTO audit (mesh, time, action, kind, id, position, shares)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::smallint[], $5::bytea[], $6::bigint[], $7::bytea[])`,
			a.mesh, a.time, a.action, a.kind, a.id, a.position, a.shares)
	}
}

// queue appends the statement that writes the chunks, and forgets them.
func (c *chunkChanges) queue(batch *pgx.Batch) {
	if len(c.stream) == 0 {
		return
	}
	batch.Queue(`INSERT INTO chunk (stream, last, first, previous, count, time, checksum, data)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::bigint[], $7::bigint[], $8::bytea[])`,
		c.stream, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data)
	*c = chunkChanges{}
}

func (c *changes) queueCursors(batch *pgx.Batch) {
	if len(c.cursors) == 0 {
		return
	}
	keys := slices.SortedFunc(maps.Keys(c.cursors), func(a, b cursorKey) int {
		return cmp.Or(cmp.Compare(a.mesh, b.mesh), bytes.Compare(a.device[:], b.device[:]), cmp.Compare(a.stream, b.stream))
	})
	var meshes, streams, positions []int64
	var devices [][]byte
	for i := range keys {
		meshes = append(meshes, keys[i].mesh)
		devices = append(devices, keys[i].device[:])
		streams = append(streams, keys[i].stream)
		positions = append(positions, int64(c.cursors[keys[i]]))
	}
	batch.Queue(`INSERT INTO cursor (mesh, device, stream, position)
		SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[])
		ON CONFLICT (mesh, device, stream) DO UPDATE SET position = excluded.position WHERE excluded.position > cursor.position`,
		meshes, devices, streams, positions)
}

// queueSessions writes rows that are held, and adds those that were not there when the transaction began: where another one adds the
// same meanwhile, the database refuses the later one.
func (c *changes) queueSessions(batch *pgx.Batch) {
	keys := slices.SortedFunc(maps.Keys(c.sessions), func(a, b sessionKey) int {
		return cmp.Or(cmp.Compare(a.mesh, b.mesh), bytes.Compare(a.device[:], b.device[:]), bytes.Compare(a.session[:], b.session[:]))
	})
	for _, key := range keys {
		s := c.sessions[key]
		sql := insertSession
		if c.held[key] {
			sql = updateSession
		}
		batch.Queue(sql, key.mesh, key.device[:], key.session[:], s.Member[:], s.State, int64(s.Since), int64(s.CardVersion), s.Card,
			int64(s.Node), int64(s.Version), s.Own)
	}
}

const (
	goneNow       = "CASE WHEN $5 = '' THEN " + thisXid + " END"
	insertSession = `INSERT INTO session (mesh, device, session, member, state, since, card_version, card, node, version, own, gone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ` + goneNow + ")"
	updateSession = `UPDATE session SET member = $4, state = $5, since = $6, card_version = $7, card = $8, node = $9, version = $10, own = $11,
		gone = ` + goneNow + " WHERE mesh = $1 AND device = $2 AND session = $3"
)
