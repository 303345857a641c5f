package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// fetch begins the transaction, and reads and locks what the batches need: one round trip, and a second one where streams
// or devices are met for the first time. Heads of rosters are held shared, so that several nodes append to one mesh at once;
// a stream is held by who appends to it.
func (r *rows) fetch(ctx context.Context, want *store.Reads) error {
	r.forget()
	r.ctx = ctx
	var batch pgx.Batch
	batch.Queue("BEGIN")
	r.queueMeshes(&batch, want)
	r.queueStreams(&batch, want)
	r.queueCounters(&batch, want)
	r.queueSessions(&batch, want.Sessions)
	r.queueInvites(&batch, want)
	r.queuePlaces(&batch, want.Places)
	if err := r.conn.SendBatch(r.ctx, &batch).Close(); err != nil {
		return err
	}
	return r.addMissing(want)
}

const (
	insertMeshes = `INSERT INTO mesh (id, head) SELECT n.id, '' FROM unnest($1::bytea[]) AS n (id) ORDER BY n.id
		ON CONFLICT (id) DO NOTHING RETURNING id`
	shareMeshes = "SELECT number, id, head FROM mesh WHERE id = ANY ($1::bytea[]) ORDER BY id FOR SHARE"
	holdMeshes  = "SELECT number, id, head FROM mesh WHERE id = ANY ($1::bytea[]) ORDER BY id FOR NO KEY UPDATE"

	wantStreams = `SELECT s.number, s.mesh, s.kind, s.id, s.head, s.count, s.bytes, s.oldest
		FROM unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS n (mesh, kind, id)
		JOIN mesh m ON m.id = n.mesh
		JOIN stream s ON s.mesh = m.number AND s.kind = n.kind AND s.id = n.id`
	holdStreams   = wantStreams + " ORDER BY s.mesh, s.kind, s.id FOR NO KEY UPDATE OF s"
	insertStreams = `INSERT INTO stream (mesh, kind, id, head, count, bytes, oldest)
		SELECT m.number, n.kind, n.id, 0, 0, 0, 0 FROM unnest($1::bytea[], $2::smallint[], $3::bytea[]) AS n (mesh, kind, id)
		JOIN mesh m ON m.id = n.mesh ORDER BY m.number, n.kind, n.id
		ON CONFLICT (mesh, kind, id) DO UPDATE SET head = stream.head RETURNING number, mesh, kind, id, head, count, bytes, oldest`

	holdCounters = `SELECT c.mesh, c.device, c.last, c.bytes FROM unnest($1::bytea[], $2::bytea[]) AS n (mesh, device)
		JOIN mesh m ON m.id = n.mesh
		JOIN counter c ON c.mesh = m.number AND c.device = n.device
		ORDER BY c.mesh, c.device FOR NO KEY UPDATE OF c`
	insertCounters = `INSERT INTO counter (mesh, device, last, bytes)
		SELECT m.number, n.device, 0, 0 FROM unnest($1::bytea[], $2::bytea[]) AS n (mesh, device)
		JOIN mesh m ON m.id = n.mesh ORDER BY m.number, n.device
		ON CONFLICT (mesh, device) DO UPDATE SET last = counter.last RETURNING mesh, device, last, bytes`

	holdSessions = "SELECT " + sessionColumns + `
		FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS w (mesh, device, session)
		JOIN mesh m ON m.id = w.mesh
		JOIN session n ON n.mesh = m.number AND n.device = w.device AND n.session = w.session
		ORDER BY n.mesh, n.device, n.session FOR NO KEY UPDATE OF n`

	// An invite is used by a statement, for which the mesh is held.
	wantInvites = `SELECT i.mesh, i.id, i.uses_left FROM unnest($1::bytea[], $2::bytea[]) AS n (mesh, id)
		JOIN mesh m ON m.id = n.mesh
		JOIN invite i ON i.mesh = m.number AND i.id = n.id`

	findChunks = `SELECT s.number, n.position, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data
		FROM unnest($1::bytea[], $2::smallint[], $3::bytea[], $4::bigint[]) AS n (mesh, kind, id, position)
		JOIN mesh m ON m.id = n.mesh
		JOIN stream s ON s.mesh = m.number AND s.kind = n.kind AND s.id = n.id
		CROSS JOIN LATERAL (SELECT * FROM chunk WHERE stream = s.number AND last >= n.position ORDER BY last LIMIT 1) c
		WHERE c.first <= n.position`
)

func (r *rows) queueMeshes(batch *pgx.Batch, want *store.Reads) {
	created := make(map[wire.MeshID]bool)
	if len(want.Created) > 0 {
		batch.Queue(insertMeshes, idsOf(want.Created)).Query(func(found pgx.Rows) error {
			var id []byte
			return each(found, []any{&id}, func() { created[wire.MeshID(id)] = true })
		})
	}
	lock := shareMeshes
	if want.Roster {
		lock = holdMeshes
	}
	batch.Queue(lock, idsOf(want.Meshes)).Query(func(found pgx.Rows) error {
		var number int64
		var id, head []byte
		return each(found, []any{&number, &id, &head}, func() {
			m := &meshRow{row: store.MeshRow{Number: number}, fresh: created[wire.MeshID(id)]}
			copy(m.row.Head[:], head)
			r.meshes[wire.MeshID(id)], r.numbers[number] = m, m
		})
	})
}

func (r *rows) queueStreams(batch *pgx.Batch, want *store.Reads) {
	for _, q := range []struct {
		sql  string
		keys []store.StreamKey
	}{{holdStreams, want.Written}, {wantStreams, append(want.Named, streamsOf(want.Places)...)}} {
		if len(q.keys) > 0 {
			meshes, kinds, ids := columns(q.keys)
			batch.Queue(q.sql, meshes, kinds, ids).Query(r.readStreams)
		}
	}
}

func (r *rows) readStreams(found pgx.Rows) error {
	var in int64
	var kind int16
	var id []byte
	var row store.StreamRow
	return each(found, []any{&row.Number, &in, &kind, &id, &row.Head, &row.Kept.Count, &row.Kept.Bytes, &row.Oldest}, func() {
		key := streamKey{in, streamOf(kind, id)}
		r.names[row.Number] = key
		if _, held := r.streams[key]; !held { // what is held was read first
			r.streams[key] = row
		}
	})
}

func (r *rows) queueCounters(batch *pgx.Batch, want *store.Reads) {
	if len(want.Counters) == 0 {
		return
	}
	meshes, devices := deviceColumns(want.Counters)
	batch.Queue(holdCounters, meshes, devices).Query(r.readCounters)
}

func (r *rows) readCounters(found pgx.Rows) error {
	var in int64
	var device []byte
	var row store.CounterRow
	return each(found, []any{&in, &device, &row.Last, &row.Bytes}, func() {
		r.counters[deviceKey{in, wire.DeviceID(device)}] = row
	})
}

func (r *rows) queueSessions(batch *pgx.Batch, keys []store.SessionKey) {
	if len(keys) == 0 {
		return
	}
	var meshes, devices, sessions [][]byte
	for i := range keys {
		meshes, devices, sessions = append(meshes, keys[i].Mesh[:]), append(devices, keys[i].Device[:]), append(sessions, keys[i].Session[:])
	}
	batch.Queue(holdSessions, meshes, devices, sessions).Query(func(found pgx.Rows) error {
		return eachSession(found, func(in int64, row mesh.SessionRow) {
			key := sessionKey{in, row.Device, row.Session}
			r.sessions[key], r.changes.held[key] = row, true
		})
	})
}

func (r *rows) queueInvites(batch *pgx.Batch, want *store.Reads) {
	if len(want.Invites) > 0 {
		var meshes, ids [][]byte
		for i := range want.Invites {
			meshes, ids = append(meshes, want.Invites[i].Mesh[:]), append(ids, want.Invites[i].Invite[:])
		}
		batch.Queue(wantInvites, meshes, ids).Query(func(found pgx.Rows) error {
			var in int64
			var id []byte
			var left int
			return each(found, []any{&in, &id, &left}, func() { r.invites[inviteKey{in, wire.InviteID(id)}] = left })
		})
	}
	if len(want.Codes) > 0 {
		batch.Queue("SELECT code FROM invite WHERE code = ANY ($1::text[])", want.Codes).Query(func(found pgx.Rows) error {
			var code string
			return each(found, []any{&code}, func() { r.taken[code] = true })
		})
	}
}

func (r *rows) queuePlaces(batch *pgx.Batch, places []store.PlaceKey) {
	if len(places) == 0 {
		return
	}
	meshes, kinds, ids := columns(streamsOf(places))
	positions := make([]int64, len(places))
	for i := range places {
		positions[i] = int64(places[i].Position)
	}
	batch.Queue(findChunks, meshes, kinds, ids, positions).Query(func(found pgx.Rows) error {
		var c store.Chunk
		var position wire.Position
		return each(found, []any{&c.Stream, &position, &c.Last, &c.First, &c.Previous, &c.Count, &c.Time, &c.Checksum, &c.Data}, func() {
			r.chunks[placeKey{c.Stream, position}] = c
			c.Data = nil // the next row's is another
		})
	})
}

// addMissing makes and holds the rows that are met for the first time. Another node may just have made them.
func (r *rows) addMissing(want *store.Reads) error {
	var streams []store.StreamKey
	for _, keys := range [][]store.StreamKey{want.Written, want.Named} {
		for _, key := range keys {
			if m := r.meshes[key.Mesh]; m != nil && r.streams[streamKey{m.row.Number, key.Stream}].Number == 0 {
				streams = append(streams, key)
			}
		}
	}
	var devices []store.DeviceKey
	for _, key := range want.Counters {
		if m := r.meshes[key.Mesh]; m != nil {
			if _, found := r.counters[deviceKey{m.row.Number, key.Device}]; !found {
				devices = append(devices, key)
			}
		}
	}
	var batch pgx.Batch
	if len(streams) > 0 {
		meshes, kinds, ids := columns(streams)
		batch.Queue(insertStreams, meshes, kinds, ids).Query(r.readStreams)
	}
	if len(devices) > 0 {
		meshes, ids := deviceColumns(devices)
		batch.Queue(insertCounters, meshes, ids).Query(r.readCounters)
	}
	if batch.Len() == 0 {
		return nil
	}
	return r.conn.SendBatch(r.ctx, &batch).Close()
}

// each scans every row into the targets and calls took.
func each(found pgx.Rows, into []any, took func()) error {
	_, err := pgx.ForEachRow(found, into, func() error { took(); return nil })
	return err
}

func idsOf(meshes []wire.MeshID) [][]byte {
	ids := make([][]byte, len(meshes))
	for i := range meshes {
		ids[i] = meshes[i][:]
	}
	return ids
}

func streamsOf(places []store.PlaceKey) []store.StreamKey {
	keys := make([]store.StreamKey, len(places))
	for i := range places {
		keys[i] = places[i].StreamKey
	}
	return keys
}

func columns(keys []store.StreamKey) (meshes [][]byte, kinds []int16, ids [][]byte) {
	for i := range keys {
		meshes = append(meshes, keys[i].Mesh[:])
		kinds = append(kinds, int16(keys[i].Stream.Kind))
		ids = append(ids, keys[i].Stream.ID[:])
	}
	return meshes, kinds, ids
}

func deviceColumns(keys []store.DeviceKey) (meshes, devices [][]byte) {
	for i := range keys {
		meshes, devices = append(meshes, keys[i].Mesh[:]), append(devices, keys[i].Device[:])
	}
	return meshes, devices
}
