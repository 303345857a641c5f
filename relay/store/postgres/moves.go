package postgres

import (
	"context"
	"maps"
	"slices"
	"sync"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// moves gather what Moved is to tell. The zero value is not ready; see newMoves.
type moves struct {
	wake chan struct{} // holds one where there is something

	mu     sync.Mutex
	meshes map[wire.MeshID]struct{}
	all    bool
	failed error
}

func newMoves() *moves {
	return &moves{wake: make(chan struct{}, 1), meshes: make(map[wire.MeshID]struct{})}
}

func (m *moves) add(ids ...wire.MeshID) {
	if len(ids) > 0 {
		m.put(func() {
			for _, id := range ids {
				m.meshes[id] = struct{}{}
			}
		})
	}
}

func (m *moves) everything() { m.put(func() { m.all = true }) }

func (m *moves) fail(err error) { m.put(func() { m.failed = err }) }

func (m *moves) put(what func()) {
	m.mu.Lock()
	what()
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take gives what was gathered: a failure before everything else.
func (m *moves) take() (ids []wire.MeshID, all bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err, m.failed = m.failed, nil; err != nil {
		m.all = true
		return nil, false, err
	}
	if all, m.all = m.all, false; !all {
		ids = slices.Collect(maps.Keys(m.meshes))
	}
	clear(m.meshes)
	return ids, all, nil
}

// Moved implements store.Shared.
func (s *Store) Moved(ctx context.Context) (meshes []wire.MeshID, all bool, err error) {
	for {
		l := s.life.Load()
		if l.why() != nil {
			return nil, false, s.unavailable("waiting for other nodes", l)
		}
		if meshes, all, err = s.moves.take(); err != nil {
			return nil, false, store.Unavailable("waiting for other nodes", err)
		} else if all || len(meshes) > 0 {
			return meshes, all, nil
		}
		select {
		case <-s.moves.wake:
		case <-l.ctx.Done():
		case <-ctx.Done():
			return nil, false, store.Unavailable("waiting for other nodes", ctx.Err())
		}
	}
}
