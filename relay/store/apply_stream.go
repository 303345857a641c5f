package store

import (
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// streamTx is one stream in one transaction, with the chunk that grows.
type streamTx struct {
	name     wire.Stream
	row      StreamRow
	saved    StreamRow
	data     []byte
	first    wire.Position
	previous wire.Position
	count    int
	written  uint64  // time of the last entry in data
	shares   []Share // of what was appended for devices
	time     uint64  // of the last of those
}

// wrote counts an append for the audit.
func (s *streamTx) wrote(device wire.DeviceID, time uint64, size int) {
	s.time = time
	at := len(s.shares) - 1 // often that of the entry before
	if at < 0 || s.shares[at].Device != device {
		at = slices.IndexFunc(s.shares, func(share Share) bool { return share.Device == device })
	}
	if at < 0 {
		at = len(s.shares)
		s.shares = append(s.shares, Share{Device: device})
	}
	s.shares[at].Count++
	s.shares[at].Bytes += uint64(size)
}

func (m *meshTx) stream(name wire.Stream) (*streamTx, error) {
	if m.lastStream != nil && m.lastStream.name == name {
		return m.lastStream, nil
	}
	if s := m.streams[name]; s != nil {
		m.lastStream = s
		return s, nil
	}
	row, err := m.rows.Stream(m.row.Number, name)
	if err == nil && row.Number == 0 {
		row.Number, err = m.rows.AddStream(m.row.Number, name)
	}
	if err != nil {
		return nil, err
	}
	var s *streamTx
	if n := len(m.spareStreams); n > 0 {
		s, m.spareStreams = m.spareStreams[n-1], m.spareStreams[:n-1]
	} else {
		s = new(streamTx)
	}
	s.name, s.row, s.saved = name, row, row
	m.lastStream, m.streams[name] = s, s
	m.touched = append(m.touched, s)
	return s, nil
}

// append puts one entry at the next position.
func (m *meshTx) append(name wire.Stream, time uint64, sender wire.DeviceID, entry []byte) (mesh.Place, error) {
	s, err := m.stream(name)
	if err != nil {
		return mesh.Place{}, err
	}
	place := mesh.Place{Position: wire.Next(s.row.Head, m.applier.generation), Previous: s.row.Head}
	if place.Position > wire.MaxPosition {
		return mesh.Place{}, wire.Errorf(wire.CodeInternal, "a stream has no positions left")
	}
	if s.count > 0 && (len(s.data)+mesh.EntryOverhead+len(entry) > MaxChunk || place.Position != place.Previous+1) {
		if err := m.writeChunk(s); err != nil {
			return mesh.Place{}, err
		}
	}
	if s.count == 0 {
		if s.data == nil {
			s.data = m.applier.buffer()
		}
		s.first, s.previous = place.Position, place.Previous
	}
	s.data = appendEntry(s.data, time, sender, entry)
	s.count++
	s.written = time
	s.row.Head = place.Position
	return place, nil
}

func (m *meshTx) writeChunk(s *streamTx) error {
	if s.count == 0 {
		return nil
	}
	chunk := Chunk{
		Stream: s.row.Number, First: s.first, Last: s.row.Head, Previous: s.previous, Count: s.count, Time: s.written, Data: s.data,
	}
	chunk.Checksum = chunk.Sum()
	err := m.rows.AddChunk(chunk)
	if s.row.Kept.Count == 0 {
		s.row.Oldest = chunk.Time
	}
	s.row.Kept.Count += uint64(chunk.Count)
	s.row.Kept.Bytes += uint64(len(chunk.Data))
	s.data, s.count = s.data[:0], 0
	return err
}

// find looks only at what was committed before: nobody knows of the others yet.
func (m *meshTx) find(op *mesh.FindEnvelope) (mesh.Verdict, error) {
	absent := mesh.Verdict{Outcome: mesh.Absent}
	row, err := m.rows.Stream(m.row.Number, op.Stream)
	if err != nil || row.Number == 0 {
		return absent, err
	}
	chunk, err := m.rows.ChunkAt(row.Number, op.Position)
	if err != nil || chunk.Count == 0 {
		return absent, err
	}
	sender, err := chunk.senderAt(op.Position)
	if err != nil || sender != op.Device { // what is damaged can be nobody's, and must not keep the mesh from committing
		return absent, nil
	}
	return mesh.Verdict{Outcome: mesh.Done}, nil
}

func (m *meshTx) record(action Action, time uint64, stream wire.Stream, position wire.Position, shares ...Share) error {
	m.row.Record++
	return m.rows.AddRecord(m.row.Number, &Record{
		Number: m.row.Record, Time: time, Action: action, Stream: stream, Position: position, Shares: shares,
	})
}

// flush writes what grew in memory: chunks, heads, counters and the audit of appends.
func (m *meshTx) flush() error {
	for _, s := range m.touched {
		if err := m.writeChunk(s); err != nil {
			return err
		}
		if s.row != s.saved {
			if err := m.rows.SaveStream(s.row); err != nil {
				return err
			}
		}
		if len(s.shares) > 0 {
			if err := m.record(ActionAppend, s.time, s.name, s.row.Head, s.shares...); err != nil {
				return err
			}
		}
	}
	for _, c := range m.counted {
		if c.row != c.saved {
			if err := m.rows.SaveCounter(m.row.Number, c.device, c.row); err != nil {
				return err
			}
		}
	}
	if m.row != m.saved {
		return m.rows.SaveMesh(m.row)
	}
	return nil
}
