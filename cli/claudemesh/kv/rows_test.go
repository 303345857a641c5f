package kv_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/kv"
)

func openRows(t *testing.T, path string) *kv.Rows {
	t.Helper()
	r, err := kv.OpenRows(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	r := openRows(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	err := r.Commit([]agent.Row{
		{Key: []byte("m2"), Value: []byte("two")}, {Key: []byte("m1"), Value: []byte("one")}, {Key: []byte("n"), Value: []byte{}}, {Key: []byte("l"), Value: []byte("x")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Commit([]agent.Row{{Key: []byte("m1"), Value: []byte("won")}, {Key: []byte("l")}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Commit([]agent.Row{{Key: []byte("z"), Value: []byte("z")}}); err == nil {
		t.Error("a closed store took rows")
	}
	r = openRows(t, path)
	rows, err := r.Scan('m')
	if err != nil || len(rows) != 2 || string(rows[0].Key) != "m1" || string(rows[0].Value) != "won" || string(rows[1].Value) != "two" {
		t.Errorf("the rows are %q, %v", rows, err)
	}
	for key, want := range map[string][]byte{"n": {}, "l": nil, "m2": []byte("two")} {
		if got, err := r.Get([]byte(key)); err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s is %q, %v; want %q", key, got, err, want)
		}
	}
}

// Syncing and committing at once hold each other up only for moments, and lose nothing.
func TestRowsAtOnce(t *testing.T) {
	r := openRows(t, filepath.Join(t.TempDir(), "agent.db"))
	var parts sync.WaitGroup
	for part := range byte(4) {
		parts.Go(func() {
			for n := range byte(50) {
				if err := r.Commit([]agent.Row{{Key: []byte{'m', part, n}, Value: []byte{n}}}); err != nil {
					t.Error(err)
				}
				if n%10 == 0 {
					if err := r.Sync(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	parts.Wait()
	if rows, err := r.Scan('m'); err != nil || len(rows) != 200 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestNoRows(t *testing.T) {
	if _, err := kv.OpenRows(t.TempDir()); err == nil {
		t.Error("a folder was opened as a store")
	}
	path := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(path, []byte("this is no database, but long enough to be taken for one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.OpenRows(path); err == nil {
		t.Error("a text was opened as a store")
	}
}
