package server

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// slowStore is a store whose commits wait to be let through, and which notes what shared each.
type slowStore struct {
	store.Store
	through chan error
	groups  [][]wire.MeshID
}

func (s *slowStore) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	if err := <-s.through; err != nil {
		return nil, err
	}
	var group []wire.MeshID
	for _, b := range batches {
		group = append(group, b.Mesh)
	}
	slices.SortFunc(group, func(a, b wire.MeshID) int { return int(a[0]) - int(b[0]) })
	s.groups = append(s.groups, group)
	return s.Store.Commit(ctx, batches)
}

// touch is a batch of one operation on a mesh that the store does not have, so that it answers Stale.
func touch(id byte) mesh.Batch {
	return mesh.Batch{Mesh: wire.MeshID{id}, Ops: []mesh.Op{&mesh.AppendEnvelope{Counter: uint64(id)}}}
}

// What waits while a commit runs shares the next one, whatever mesh it is of, and each gets its own verdicts.
func TestCommitsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{Store: memory.New(time.Now()), through: make(chan error)}
		c := newCommitter(s, newMeters(metrics.New(), nil))
		var waiting sync.WaitGroup
		commit := func(id byte) {
			waiting.Go(func() {
				verdicts, err := c.commit(touch(id))
				if err != nil || len(verdicts) != 1 || verdicts[0].Outcome != mesh.Stale {
					t.Errorf("mesh %d: %+v (%v)", id, verdicts, err)
				}
			})
		}
		commit(1)
		synctest.Wait()
		commit(2)
		commit(3)
		commit(4)
		synctest.Wait()
		s.through <- nil
		s.through <- nil
		waiting.Wait()
		if len(s.groups) != 2 || !slices.Equal(s.groups[0], []wire.MeshID{{1}}) || !slices.Equal(s.groups[1], []wire.MeshID{{2}, {3}, {4}}) {
			t.Errorf("committed together: %v", s.groups)
		}
	})
}

func TestCommitterTellsOfFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{Store: memory.New(time.Now()), through: make(chan error)}
		c := newCommitter(s, newMeters(metrics.New(), nil))
		full := errors.New("no space left on device")
		failed := make(chan error, 1)
		go func() {
			_, err := c.commit(touch(1))
			failed <- err
		}()
		s.through <- full
		if err := <-failed; !errors.Is(err, full) {
			t.Errorf("told %v", err)
		}
	})
}

// broken is a store whose second commit breaks.
type broken struct {
	*slowStore
	n int
}

func (b *broken) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	if b.n++; b.n == 2 {
		panic("broken")
	}
	return b.slowStore.Commit(ctx, batches)
}

// What breaks a commit is told to all that shared it, and those that come after commit again.
func TestCommitterOutlivesWhatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &broken{slowStore: &slowStore{Store: memory.New(time.Now()), through: make(chan error)}}
		c := newCommitter(s, newMeters(metrics.New(), nil))
		var waiting sync.WaitGroup
		var told, broke atomic.Int32
		commit := func(id byte) {
			waiting.Go(func() {
				defer func() {
					if recover() != nil {
						broke.Add(1)
					}
				}()
				if _, err := c.commit(touch(id)); wire.CodeOf(err) == wire.CodeInternal {
					told.Add(1)
				}
			})
		}
		commit(1)
		synctest.Wait()
		commit(2)
		commit(3)
		commit(4)
		synctest.Wait()
		s.through <- nil
		waiting.Wait()
		if told.Load() != 2 || broke.Load() != 1 {
			t.Errorf("%d were told and %d broke, want 2 and 1", told.Load(), broke.Load())
		}
		commit(5)
		s.through <- nil
		waiting.Wait()
		if len(s.groups) != 2 {
			t.Errorf("committed together: %v", s.groups)
		}
	})
}
