package store

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// nowhere takes rows of one mesh and keeps none of them.
type nowhere struct {
	Rows
	streams map[wire.Stream]int64
}

func (nowhere) Mesh(wire.MeshID) (MeshRow, error) { return MeshRow{Number: 1}, nil }
func (r nowhere) Stream(_ int64, name wire.Stream) (StreamRow, error) {
	return StreamRow{Number: r.streams[name]}, nil
}
func (nowhere) Counter(int64, wire.DeviceID) (CounterRow, error)   { return CounterRow{}, nil }
func (nowhere) AddChunk(Chunk) error                               { return nil }
func (nowhere) SaveStream(StreamRow) error                         { return nil }
func (nowhere) SaveCounter(int64, wire.DeviceID, CounterRow) error { return nil }
func (nowhere) SaveMesh(MeshRow) error                             { return nil }
func (nowhere) AddRecord(int64, *Record) error                     { return nil }

// TestKeptBuffers: a commit to many streams finds the buffers of the one before, and however large they were, what is kept
// is bounded.
func TestKeptBuffers(t *testing.T) {
	for name, c := range map[string]struct{ streams, size, kept int }{
		"many small ones": {500, 1000, 500},
		"many large ones": {200, MaxChunk, maxKept / (MaxChunk + 8<<10)},
	} {
		rows := nowhere{streams: map[wire.Stream]int64{}}
		op := &mesh.AppendEnvelope{Counter: 1}
		for n := range c.streams {
			stream := wire.Stream{Kind: wire.StreamInbox, ID: [wire.IDSize]byte{byte(n), byte(n >> 8)}}
			rows.streams[stream] = int64(n + 1)
			op.Entries = append(op.Entries, mesh.NewEntry{Stream: stream, Envelope: make([]byte, c.size)})
		}
		a := NewApplier(rows, 1)
		for range 3 {
			if _, err := a.Apply([]mesh.Batch{{Ops: []mesh.Op{op}}}); err != nil {
				t.Fatal(err)
			}
			if len(a.buffers) < min(c.kept, c.streams) || len(a.buffers) > c.streams || a.kept > maxKept {
				t.Errorf("%s: %d buffers with %d bytes are kept of %d", name, len(a.buffers), a.kept, c.streams)
			}
		}
	}
}
