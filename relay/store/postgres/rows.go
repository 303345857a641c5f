package postgres

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// rows are the tables within the writer's transaction: what fetch read and locked, and what waits to be written. Only a trim
// asks the database in between.
type rows struct {
	node mesh.NodeID // whose transaction it is
	ctx  context.Context
	conn *pgx.Conn

	meshes   map[wire.MeshID]*meshRow
	numbers  map[int64]*meshRow
	streams  map[streamKey]store.StreamRow
	names    map[int64]streamKey // of streams, by number
	counters map[deviceKey]store.CounterRow
	sessions map[sessionKey]mesh.SessionRow
	invites  map[inviteKey]int
	taken    map[string]bool
	chunks   map[placeKey]store.Chunk

	changes changes
	moved   map[int64]*moved // by mesh
}

type meshRow struct {
	row   store.MeshRow
	fresh bool // inserted by this transaction and not added yet
}

type streamKey struct {
	mesh int64
	name wire.Stream
}

type deviceKey struct {
	mesh   int64
	device wire.DeviceID
}

type inviteKey struct {
	mesh   int64
	invite wire.InviteID
}

type placeKey struct {
	stream   int64
	position wire.Position
}

var _ store.SharedRows = (*rows)(nil)

// forget empties everything for the next transaction.
func (r *rows) forget() {
	*r = rows{
		node:     r.node,
		conn:     r.conn,
		meshes:   make(map[wire.MeshID]*meshRow),
		numbers:  make(map[int64]*meshRow),
		streams:  make(map[streamKey]store.StreamRow),
		names:    make(map[int64]streamKey),
		counters: make(map[deviceKey]store.CounterRow),
		sessions: make(map[sessionKey]mesh.SessionRow),
		moved:    make(map[int64]*moved),
		invites:  make(map[inviteKey]int),
		taken:    make(map[string]bool),
		chunks:   make(map[placeKey]store.Chunk),
	}
	r.changes.forget()
}

func (r *rows) Mesh(id wire.MeshID) (store.MeshRow, error) {
	if m := r.meshes[id]; m != nil && !m.fresh {
		return m.row, nil
	}
	return store.MeshRow{}, nil
}

func (r *rows) AddMesh(id wire.MeshID, row store.MeshRow) (int64, error) {
	m := r.meshes[id]
	if m == nil || !m.fresh {
		return 0, notFetched("a mesh")
	}
	m.fresh = false
	row.Number = m.row.Number
	m.row = row
	r.changes.heads.add(row.Number, row.Head)
	return row.Number, nil
}

// SaveMesh writes the head alone: records have no number before they are read.
func (r *rows) SaveMesh(row store.MeshRow) error {
	m := r.numbers[row.Number]
	if m.row.Head != row.Head {
		r.changes.heads.add(row.Number, row.Head)
	}
	m.row = row
	return nil
}

func (r *rows) Stream(number int64, name wire.Stream) (store.StreamRow, error) {
	return r.streams[streamKey{number, name}], nil
}

// AddStream is not needed: fetch adds what is missing.
func (r *rows) AddStream(int64, wire.Stream) (int64, error) { return 0, notFetched("a stream") }

func (r *rows) SaveStream(row store.StreamRow) error {
	r.movedStream(row.Number)
	w := &r.changes.streams
	w.number = append(w.number, row.Number)
	w.head = append(w.head, int64(row.Head))
	w.count = append(w.count, int64(row.Kept.Count))
	w.bytes = append(w.bytes, int64(row.Kept.Bytes))
	w.oldest = append(w.oldest, int64(row.Oldest))
	return nil
}

func (r *rows) AddChunk(c store.Chunk) error {
	w := &r.changes.chunks
	w.stream = append(w.stream, c.Stream)
	w.last = append(w.last, int64(c.Last))
	w.first = append(w.first, int64(c.First))
	w.previous = append(w.previous, int64(c.Previous))
	w.count = append(w.count, int32(c.Count))
	w.time = append(w.time, int64(c.Time))
	w.checksum = append(w.checksum, int64(c.Checksum))
	w.data = append(w.data, slices.Clone(c.Data))
	if w.size += len(c.Data); w.size < maxWaiting {
		return nil
	}
	return r.writeChunks()
}

// maxWaiting is how many bytes of chunks wait for the end of the transaction.
const maxWaiting = 8 << 20

func (r *rows) writeChunks() error {
	var batch pgx.Batch
	r.changes.chunks.queue(&batch)
	if batch.Len() == 0 {
		return nil
	}
	return r.conn.SendBatch(r.ctx, &batch).Close()
}

func (r *rows) ChunkAt(stream int64, position wire.Position) (store.Chunk, error) {
	return r.chunks[placeKey{stream, position}], nil
}

// OldestChunks reads page by page: what a connection was asked for it sends, even when nobody wants it any more.
func (r *rows) OldestChunks(stream int64, take func(store.Chunk) bool) error {
	if err := r.writeChunks(); err != nil {
		return err
	}
	for last, more := int64(-1), true; more; {
		found, err := r.conn.Query(r.ctx, oldestChunks, stream, last, trimPage)
		if err != nil {
			return err
		}
		seen := 0
		c := store.Chunk{Stream: stream}
		err = each(found, []any{&c.Last, &c.First, &c.Previous, &c.Count, &c.Time, &c.Checksum, &c.Data}, func() {
			seen++
			last = int64(c.Last)
			more = more && take(c)
			c.Data = nil // the next row's is another
		})
		if err != nil {
			return err
		}
		more = more && seen == trimPage
	}
	return nil
}

const oldestChunks = "SELECT last, first, previous, count, time, checksum, data FROM chunk WHERE stream = $1 AND last > $2 ORDER BY last LIMIT $3"

// trimPage is how many chunks a trim reads at once.
const trimPage = 16

func (r *rows) DropChunks(stream int64, to wire.Position) error {
	for place, chunk := range r.chunks {
		if place.stream == stream && chunk.Last <= to {
			delete(r.chunks, place)
		}
	}
	_, err := r.conn.Exec(r.ctx, "DELETE FROM chunk WHERE stream = $1 AND last <= $2", stream, int64(to))
	return err
}

// Counter gives a counter as full as can be where a trim asks for that of a device that does not send in this transaction. It is
// not held, for nobody knows before who these devices are, and of it only the difference counts.
func (r *rows) Counter(number int64, device wire.DeviceID) (store.CounterRow, error) {
	if row, held := r.counters[deviceKey{number, device}]; held {
		return row, nil
	}
	return fullCounter, nil
}

var fullCounter = store.CounterRow{Bytes: math.MaxInt64}

func (r *rows) SaveCounter(number int64, device wire.DeviceID, row store.CounterRow) error {
	r.of(number).devices = append(r.of(number).devices, device[:]...)
	before, held := r.counters[deviceKey{number, device}]
	if !held {
		w := &r.changes.freed
		w.mesh = append(w.mesh, number)
		w.device = append(w.device, device[:])
		w.bytes = append(w.bytes, int64(fullCounter.Bytes-row.Bytes))
		return nil
	}
	w := &r.changes.counters
	w.mesh = append(w.mesh, number)
	w.device = append(w.device, device[:])
	w.last = append(w.last, int64(row.Last))
	w.added = append(w.added, int64(row.Bytes-before.Bytes))
	return nil
}

func (r *rows) RaiseCursor(number int64, device wire.DeviceID, stream int64, position wire.Position) error {
	key := cursorKey{number, device, stream}
	if _, again := r.changes.cursors[key]; !again {
		of := r.of(number)
		of.cursors = binary.BigEndian.AppendUint64(append(of.cursors, device[:]...), uint64(stream))
	}
	r.changes.cursors[key] = max(r.changes.cursors[key], position)
	return nil
}

func (r *rows) InviteUses(number int64, id wire.InviteID) (int, error) {
	return r.invites[inviteKey{number, id}], nil
}

func (r *rows) SaveInviteUses(number int64, id wire.InviteID, left int) error {
	r.invites[inviteKey{number, id}] = left
	r.changes.add("UPDATE invite SET uses_left = $1 WHERE mesh = $2 AND id = $3", left, number, id[:])
	return nil
}

func (r *rows) CodeTaken(code string) (bool, error) { return r.taken[code], nil }

func (r *rows) AddInvite(number int64, code string, invite *mesh.NewInvite) error {
	r.taken[code] = true
	r.invites[inviteKey{number, invite.ID}] = invite.Uses
	r.of(number).invites = append(r.of(number).invites, invite.ID[:]...)
	r.changes.add("INSERT INTO invite (mesh, id, code, uses_left, escrow, preview) VALUES ($1, $2, $3, $4, $5, $6)",
		number, invite.ID[:], code, invite.Uses, some(invite.Escrow), some(invite.Preview))
	return nil
}

func (r *rows) AddRecord(number int64, record *store.Record) error {
	w := &r.changes.audit
	w.mesh = append(w.mesh, number)
	w.time = append(w.time, int64(record.Time))
	w.action = append(w.action, string(record.Action))
	w.kind = append(w.kind, int16(record.Stream.Kind))
	w.id = append(w.id, slices.Clone(record.Stream.ID[:]))
	w.position = append(w.position, int64(record.Position))
	w.shares = append(w.shares, store.AppendShares([]byte{}, record.Shares))
	return nil
}

// some is b, but never nil, which would be a NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func notFetched(what string) error {
	return wire.Errorf(wire.CodeInternal, "an operation reads %s that was not fetched for it", what)
}
