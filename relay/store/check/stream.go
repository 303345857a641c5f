package check

import (
	"fmt"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// label names a stream for people: its kind and id.
func label(s wire.Stream) string { return fmt.Sprintf("%s %x", s.Kind, s.ID) }

// checkStream reads a stream from its first chunk on.
func (c *checker) checkStream(stream *Stream, m store.MeshRow, counters map[wire.DeviceID]uint64) error {
	c.report.Streams++
	name, row := stream.Name, &stream.Row
	s := &streamCheck{checker: c, name: name, label: label(name), counters: counters, last: make(map[wire.DeviceID]uint64)}
	if name.Kind == wire.StreamRoster {
		s.roster = roster.NewBlind()
	}
	if err := c.Chunks(row.Number, s.chunk); err != nil {
		return err
	}
	var is store.StreamRow
	if known := c.kept.Streams[row.Number]; known != nil {
		is = *known
	}
	if is.Kept != row.Kept || is.Oldest != row.Oldest {
		c.problem(s.label, "%d entries of %d bytes since %d are counted, and chunks hold %d of %d since %d",
			row.Kept.Count, row.Kept.Bytes, row.Oldest, is.Kept.Count, is.Kept.Bytes, is.Oldest)
	}
	if s.chunks > 0 && s.position != row.Head {
		c.problem(s.label, "the head is %d, and the last entry at %d", row.Head, s.position)
	}
	if row.Head.Generation() > c.report.Generation {
		c.problem(s.label, "the head %d is of generation %d, and the relay only in %d", row.Head, row.Head.Generation(), c.report.Generation)
	}
	if s.roster != nil && (s.roster.Head() != m.Head || s.roster.Mesh() != c.mesh) && !s.broken {
		c.problem(s.label, "the chain of statements does not lead to the mesh's head")
	}
	return nil
}

// streamCheck is what is known of a stream so far.
type streamCheck struct {
	*checker
	name     wire.Stream
	label    string
	counters map[wire.DeviceID]uint64 // the last ones of all devices
	last     map[wire.DeviceID]uint64 // in this stream
	roster   *roster.State
	broken   bool // the roster, as was told
	chunks   int
	position wire.Position // of the last entry
}

func (s *streamCheck) chunk(chunk *store.Chunk) {
	switch {
	case s.chunks == 0 && s.roster != nil && chunk.Previous != 0:
		s.problem(s.label, "the roster begins at %d only", chunk.First)
	case s.chunks > 0 && chunk.Previous != s.position:
		s.problem(s.label, "chunk %d follows %d, and the one before it ends at %d", chunk.First, chunk.Previous, s.position)
	}
	s.chunks++
	s.report.Chunks++
	s.report.Bytes += uint64(len(chunk.Data))
	s.position = chunk.Last
	if err := s.kept.Add(s.number, s.name.Kind, chunk); err != nil {
		s.problem(s.label, "%v", err)
		s.broken = true
		return
	}
	// What was damaged was told above.
	_ = chunk.Entries(func(e mesh.Entry) {
		s.report.Entries++
		if s.roster != nil {
			s.statement(e)
		} else {
			s.envelope(e)
		}
	})
}

func (s *streamCheck) statement(e mesh.Entry) {
	if s.broken {
		return
	}
	statement, err := roster.Parse(e.Bytes)
	if err == nil {
		err = s.roster.Replay(statement, time.UnixMilli(int64(e.Time)))
	}
	if err != nil {
		s.problem(s.label, "the statement at %d does not fold: %v", e.Position, err)
		s.broken = true
	}
}

func (s *streamCheck) envelope(e mesh.Entry) {
	envelope, err := wire.ParseEnvelope(e.Bytes)
	if err != nil {
		s.problem(s.label, "what stands at %d is no envelope: %v", e.Position, err)
		return
	}
	if envelope.Counter <= s.last[e.Sender] {
		s.problem(s.label, "device %s has counter %d at %d, behind %d", e.Sender, envelope.Counter, e.Position, s.last[e.Sender])
	}
	if s.last[e.Sender] = envelope.Counter; envelope.Counter > s.counters[e.Sender] {
		s.problem(s.label, "device %s has counter %d at %d, and its last one is %d", e.Sender, envelope.Counter, e.Position, s.counters[e.Sender])
	}
}
