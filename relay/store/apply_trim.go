package store

import (
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// What one Trim drops at most, so that no commit takes long. It always may drop one chunk.
const (
	maxTrimChunks = 1024
	maxTrimBytes  = 16 << 20
)

// trim drops whole chunks from the oldest on (mesh.Trim). What the batch itself appended to the stream counts among them.
func (m *meshTx) trim(op *mesh.Trim) (mesh.Verdict, error) {
	if op.Stream.Kind == wire.StreamRoster {
		return mesh.Verdict{}, wire.Errorf(wire.CodeInternal, "a roster is never trimmed")
	}
	s, err := m.stream(op.Stream)
	if err != nil {
		return mesh.Verdict{}, err
	}
	if err := m.writeChunk(s); err != nil {
		return mesh.Verdict{}, err
	}
	gone := new(mesh.Trimmed)
	if err := m.choose(s, op, gone); err != nil || gone.To == 0 {
		return mesh.Verdict{Outcome: mesh.Done, Trimmed: gone}, err
	}
	if err := m.rows.DropChunks(s.row.Number, gone.To); err != nil {
		return mesh.Verdict{}, err
	}
	s.row.Kept.Count -= min(gone.Amount.Count, s.row.Kept.Count)
	s.row.Kept.Bytes -= min(gone.Amount.Bytes, s.row.Kept.Bytes)
	s.row.Oldest = gone.Oldest
	for _, freed := range gone.Freed {
		counter, err := m.counter(freed.Device)
		if err != nil {
			return mesh.Verdict{}, err
		}
		counter.row.Bytes -= min(freed.Bytes, counter.row.Bytes)
	}
	return mesh.Verdict{Outcome: mesh.Done, Trimmed: gone},
		m.record(ActionTrim, op.Time, op.Stream, gone.To, Share{Count: gone.Amount.Count, Bytes: gone.Amount.Bytes})
}

// choose finds what is to go.
func (m *meshTx) choose(s *streamTx, op *mesh.Trim, gone *mesh.Trimmed) error {
	chunks := 0
	return m.rows.OldestChunks(s.row.Number, func(chunk Chunk) bool {
		after := mesh.Amount{Count: gone.Amount.Count + uint64(chunk.Count), Bytes: gone.Amount.Bytes + uint64(len(chunk.Data))}
		wanted := chunk.Time < op.Before || op.Keep.Count > 0 && after.Count+op.Keep.Count <= s.row.Kept.Count ||
			op.Keep.Bytes > 0 && after.Bytes+op.Keep.Bytes <= s.row.Kept.Bytes
		gone.More = wanted && (chunks == maxTrimChunks || chunks > 0 && after.Bytes > maxTrimBytes)
		if !wanted || gone.More {
			gone.Oldest = chunk.Time
			return false
		}
		chunks++
		gone.To, gone.Amount = chunk.Last, after
		// One that is damaged goes like the others: a mistake in whose bytes they were is better than a mesh that cannot commit.
		_ = chunk.parse(func(e mesh.Entry) { free(gone, e.Sender, uint64(mesh.EntryOverhead+len(e.Bytes))) })
		return true
	})
}

func free(gone *mesh.Trimmed, device wire.DeviceID, bytes uint64) {
	at := slices.IndexFunc(gone.Freed, func(f mesh.Freed) bool { return f.Device == device })
	if at < 0 {
		at = len(gone.Freed)
		gone.Freed = append(gone.Freed, mesh.Freed{Device: device})
	}
	gone.Freed[at].Bytes += bytes
}
