package store

import (
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Sender is a device in a mesh, by the number of the mesh's row.
type Sender struct {
	Mesh   int64
	Device wire.DeviceID
}

// Kept is what chunks hold, counted from them: what rows of streams and counters are to say.
type Kept struct {
	Streams map[int64]*StreamRow // by number; Head is not set
	Senders map[Sender]uint64    // bytes
}

// NewKept has counted nothing.
func NewKept() *Kept {
	return &Kept{Streams: make(map[int64]*StreamRow), Senders: make(map[Sender]uint64)}
}

// Add counts a chunk of a stream of a mesh; chunks of one stream come in order. What a roster holds is no device's. ErrDamaged:
// what its devices sent is not counted.
func (k *Kept) Add(number int64, kind wire.StreamKind, chunk *Chunk) error {
	s := k.Streams[chunk.Stream]
	if s == nil {
		s = &StreamRow{Number: chunk.Stream, Oldest: chunk.Time}
		k.Streams[chunk.Stream] = s
	}
	s.Kept.Count += uint64(chunk.Count)
	s.Kept.Bytes += uint64(len(chunk.Data))
	return chunk.Entries(func(e mesh.Entry) {
		if kind != wire.StreamRoster {
			k.Senders[Sender{number, e.Sender}] += uint64(mesh.EntryOverhead + len(e.Bytes))
		}
	})
}
