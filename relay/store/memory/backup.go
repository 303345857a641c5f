package memory

import (
	"maps"
	"slices"
	"time"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Backup is what a store held at a moment.
type Backup struct{ disk *disk }

// Backup copies what was committed.
func (s *Store) Backup() Backup {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	return Backup{s.disk.clone()}
}

// Restore opens a store on the backup at a time, with its generation raised by as many starts as there may have been since.
func (b Backup) Restore(now time.Time, starts uint32) *Store {
	d := b.disk.clone()
	d.generation += starts
	return open(d, d, now)
}

// clone shares with the disk only what never changes: the bytes of chunks, cards and invites.
func (d *disk) clone() *disk {
	c := newDisk()
	c.generation = d.generation
	for _, l := range d.logs {
		copied := *l
		copied.chunks = slices.Clone(l.chunks)
		c.logs = append(c.logs, &copied)
	}
	for _, m := range d.numbers {
		copied := &meshRows{
			id: m.id, row: m.row, streams: make(map[wire.Stream]*log), counters: maps.Clone(m.counters), cursors: maps.Clone(m.cursors),
			sessions: maps.Clone(m.sessions), invites: make(map[wire.InviteID]*inviteRow), records: append([]store.Record(nil), m.records...),
		}
		for name, l := range m.streams {
			copied.streams[name] = c.logs[l.row.Number-1]
		}
		for id, row := range m.invites {
			invite := *row
			copied.invites[id], c.invites[row.Code] = &invite, &invite
		}
		c.meshes[m.id] = copied
		c.numbers = append(c.numbers, copied)
	}
	return c
}
