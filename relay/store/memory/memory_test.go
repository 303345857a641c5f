package memory_test

import (
	"errors"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/relay/store/storetest"
	"claudemesh.com/mesh/shared/wire"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, now time.Time, before store.Store) store.Store {
		if before != nil {
			return before.(*memory.Store).Reopen(now)
		}
		return memory.New(now)
	})
}

func TestConformanceOfNodes(t *testing.T) {
	open := func(_ testing.TB, now time.Time, beside store.Shared) store.Shared {
		if beside != nil {
			return beside.(*memory.Node).Beside(now)
		}
		return memory.NewNode(now)
	}
	storetest.RunNodes(t, open)
	storetest.Run(t, func(t testing.TB, now time.Time, before store.Store) store.Store {
		if before != nil {
			return before.(*memory.Node).Reopen(now)
		}
		return memory.NewNode(now)
	})
}

func TestFaults(t *testing.T) {
	boom := errors.New("boom")
	fault := func([]mesh.Batch) error { return boom }
	batch := []mesh.Batch{{Mesh: wire.MeshID{1}, Ops: []mesh.Op{&mesh.CreateMesh{Statements: [][]byte{[]byte("x")}}}}}
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name   string
		faults memory.Faults
		stored bool
	}{
		{"before", memory.Faults{Before: fault}, false},
		{"after", memory.Faults{After: fault}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memory.New(now)
			s.SetFaults(c.faults)
			if _, err := s.Commit(t.Context(), batch); wire.CodeOf(err) != wire.CodeUnavailable || !errors.Is(err, boom) {
				t.Errorf("Commit: %v", err)
			}
			again := s.Reopen(now)
			if _, err := again.Load(t.Context(), batch[0].Mesh); (err == nil) != c.stored {
				t.Errorf("Load after the fault: %v, stored is to be %t", err, c.stored)
			}
			if _, err := s.Load(t.Context(), batch[0].Mesh); wire.CodeOf(err) != wire.CodeUnavailable {
				t.Errorf("the store before the restart still answers: %v", err)
			}
		})
	}
}
