package daemon

import (
	"path/filepath"
	"sync"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/wire"
)

func newRows(t *testing.T) *kv.Rows {
	t.Helper()
	rows, err := kv.OpenRows(filepath.Join(t.TempDir(), "agent.db"))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What was waited for is there, also when many add at once.
func TestWriter(t *testing.T) {
	rows := newRows(t)
	w := newWriter(rows, func(sentence string) { t.Error(sentence) })
	var parts sync.WaitGroup
	for part := range byte(4) {
		parts.Go(func() {
			for n := range byte(50) {
				key := []byte{'m', part, n}
				if err := w.wait(w.add([]agent.Row{{Key: key, Value: []byte{n}}})); err != nil {
					t.Error(err)
				}
				if value, err := rows.Get(key); err != nil || len(value) != 1 {
					t.Errorf("what was written is %v, %v", value, err)
				}
				w.durable()
			}
		})
	}
	parts.Wait()
	w.close()
}

// A commit that fails is told to who waits for it, and to who puts the queue back; later ones are carried out.
func TestWriterFails(t *testing.T) {
	rows := newRows(t)
	failures, complaints := 0, 0
	w := newWriter(rows, func(string) { complaints++ })
	w.failed = func() { failures++ }
	if err := w.wait(w.add([]agent.Row{{Key: []byte("m1"), Value: []byte("x")}})); err != nil {
		t.Fatal(err)
	}
	rows.Close() // the disk is gone
	if err := w.wait(w.add([]agent.Row{{Key: []byte("m2"), Value: []byte("x")}})); wire.CodeOf(err) != wire.CodeStorage {
		t.Errorf("written: %v", err)
	}
	w.close()
	if failures != 1 || complaints == 0 {
		t.Errorf("%d failures and %d complaints were told", failures, complaints)
	}
}
