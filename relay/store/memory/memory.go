// Package memory is a store in memory, for tests and simulations: what it holds outlives Reopen, which stands for a restart
// of the relay, but not the process. A Node is one of several relays on one such store.
//
// What it does not do: keep anything on disk. A relay uses package sqlite.
package memory

import (
	"context"
	"slices"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Faults let a test make commits fail. Either hook may be nil. An error of theirs is returned by Commit with CodeUnavailable
// around it.
type Faults struct {
	// Before is asked before anything is done: with an error, nothing is.
	Before func([]mesh.Batch) error
	// After is asked when everything is done: with an error, the caller does not learn that it is.
	After func([]mesh.Batch) error
}

// Store is a store.Store.
type Store struct {
	disk    *disk
	applier *store.Applier
	faults  Faults
	closed  bool
}

var _ store.Instant = (*Store)(nil)

// New is an empty store, opened at a time.
func New(now time.Time) *Store {
	d := newDisk()
	return open(d, d, now)
}

func open(d *disk, rows store.Rows, now time.Time) *Store {
	d.generation = wire.NextGeneration(d.generation, now)
	return &Store{disk: d, applier: store.NewApplier(rows, d.generation)}
}

// Reopen ends this store as a crash would and opens what it had committed, at a time, without faults.
func (s *Store) Reopen(now time.Time) *Store {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	s.closed = true
	return open(s.disk, s.disk, now)
}

// SetFaults decides on the commits that follow.
func (s *Store) SetFaults(f Faults) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	s.faults = f
}

// Instant implements store.Instant.
func (*Store) Instant() {}

var errClosed = wire.Errorf(wire.CodeUnavailable, "the store is closed")

// Commit implements store.Store.
func (s *Store) Commit(_ context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	return s.commit(batches)
}

func (s *Store) commit(batches []mesh.Batch) ([][]mesh.Verdict, error) {
	if s.closed {
		return nil, errClosed
	}
	if err := ask(s.faults.Before, batches); err != nil {
		return nil, err
	}
	verdicts, err := s.applier.Apply(batches)
	if err != nil {
		return nil, err
	}
	return verdicts, ask(s.faults.After, batches)
}

func ask(hook func([]mesh.Batch) error, batches []mesh.Batch) error {
	if hook == nil {
		return nil
	}
	if err := hook(batches); err != nil {
		return store.Unavailable("the fault asked for", err)
	}
	return nil
}

// Load implements store.Store.
func (s *Store) Load(_ context.Context, id wire.MeshID) (mesh.Snapshot, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	return s.load(id)
}

func (s *Store) load(id wire.MeshID) (mesh.Snapshot, error) {
	if s.closed {
		return mesh.Snapshot{}, errClosed
	}
	m := s.disk.meshes[id]
	if m == nil {
		return mesh.Snapshot{}, wire.Refuse(wire.CodeUnknownMesh)
	}
	return m.snapshot(id)
}

// Read implements store.Store.
func (s *Store) Read(_ context.Context, id wire.MeshID, name wire.Stream, after wire.Position, maxBytes int) (mesh.Page, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return mesh.Page{}, errClosed
	}
	if m := s.disk.meshes[id]; m != nil {
		if log := m.streams[name]; log != nil {
			return log.page(after, maxBytes)
		}
	}
	return mesh.Page{}, nil
}

// Invite implements store.Store.
func (s *Store) Invite(_ context.Context, code string) (mesh.InviteRow, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return mesh.InviteRow{}, errClosed
	}
	if row := s.disk.invites[code]; row != nil {
		return row.InviteRow, nil
	}
	return mesh.InviteRow{}, wire.Refuse(wire.CodeNotFound)
}

// Aged implements store.Store.
func (s *Store) Aged(_ context.Context, before uint64, limit int) (ids []wire.MeshID, err error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	for _, m := range s.disk.numbers {
		for name, l := range m.streams {
			if name.Kind != wire.StreamRoster && l.row.Oldest != 0 && l.row.Oldest < before && len(ids) < limit {
				ids = append(ids, m.id)
				break
			}
		}
	}
	return ids, nil
}

// Audit implements store.Store.
func (s *Store) Audit(_ context.Context, id wire.MeshID, after uint64, limit int) ([]store.Record, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	m := s.disk.meshes[id]
	if m == nil {
		return nil, nil
	}
	at := slices.IndexFunc(m.records, func(r store.Record) bool { return r.Number > after })
	if at < 0 {
		return nil, nil
	}
	rest := m.records[at:]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// DropRecords implements store.Store.
func (s *Store) DropRecords(_ context.Context, before uint64, limit int) (dropped int, err error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return 0, errClosed
	}
	for _, m := range s.disk.numbers {
		n := 0
		for n < len(m.records) && n < limit-dropped && m.records[n].Time < before {
			n++
		}
		clear(m.records[:n])
		m.records = m.records[n:]
		dropped += n
	}
	return dropped, nil
}

// Ready implements store.Store.
func (s *Store) Ready(context.Context) error {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.closed {
		return errClosed
	}
	return nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	s.closed = true
	return nil
}
