package sqlite

import (
	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// sender is a device in a mesh.
type sender struct {
	mesh   int64
	device wire.DeviceID
}

// kept is what chunks hold, counted from them.
type kept struct {
	streams map[int64]*store.StreamRow // by number; Head is not set
	senders map[sender]uint64          // bytes
}

func newKept() *kept {
	return &kept{streams: make(map[int64]*store.StreamRow), senders: make(map[sender]uint64)}
}

// add counts a chunk of a stream; chunks of one stream come in order. What a roster holds is no device's.
func (k *kept) add(number int64, kind wire.StreamKind, chunk *store.Chunk) error {
	s := k.streams[chunk.Stream]
	if s == nil {
		s = &store.StreamRow{Number: chunk.Stream, Oldest: chunk.Time}
		k.streams[chunk.Stream] = s
	}
	s.Kept.Count += uint64(chunk.Count)
	s.Kept.Bytes += uint64(len(chunk.Data))
	return chunk.Entries(func(e mesh.Entry) {
		if kind != wire.StreamRoster {
			k.senders[sender{number, e.Sender}] += uint64(mesh.EntryOverhead + len(e.Bytes))
		}
	})
}

// fillKept gives rows that an older version wrote what 0002_kept.sql adds.
func fillKept(conn *sqlite.Conn) error {
	k := newKept()
	var failed error
	err := prepare(conn, `SELECT c.stream, c.last, c.first, c.previous, c.count, c.time, c.checksum, c.data, s.mesh, s.kind
		FROM chunk c JOIN stream s ON s.number = c.stream ORDER BY c.stream, c.last`).each(func(stmt *sqlite.Stmt) bool {
		chunk := chunkAt(stmt)
		if failed = chunk.Seal(); failed != nil {
			return false
		}
		if failed = k.add(stmt.ColumnInt64(8), wire.StreamKind(stmt.ColumnInt(9)), &chunk); failed != nil {
			return false
		}
		failed = prepare(conn, "UPDATE chunk SET time = ?, checksum = ? WHERE stream = ? AND last = ?").
			int(int64(chunk.Time)).int(int64(chunk.Checksum)).int(chunk.Stream).int(int64(chunk.Last)).exec()
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	for _, s := range k.streams {
		if err == nil {
			err = prepare(conn, "UPDATE stream SET count = ?, bytes = ?, oldest = ? WHERE number = ?").
				int(int64(s.Kept.Count)).int(int64(s.Kept.Bytes)).int(int64(s.Oldest)).int(s.Number).exec()
		}
	}
	for from, bytes := range k.senders {
		if err == nil {
			err = prepare(conn, "UPDATE counter SET bytes = ? WHERE mesh = ? AND device = ?").
				int(int64(bytes)).int(from.mesh).blob(from.device[:]).exec()
		}
	}
	return err
}
