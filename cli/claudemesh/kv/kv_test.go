package kv_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/peer/driver/storetest"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func() driver.Store {
		store, err := kv.Open(filepath.Join(t.TempDir(), "device.db"))
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

// Nobody else reads the store and its log, also in a folder that others may enter and after a backup was put back carelessly.
func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := kv.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v (%v), want the file and its log", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(file), mode)
		}
	}
}

// What was committed is there for the next process.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	store, err := kv.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Commit(context.Background(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("a"), Value: []byte{}}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = kv.Open(path); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	value, err := store.Get(context.Background(), peer.BucketMeta, []byte("a"))
	if err != nil || value == nil || len(value) != 0 {
		t.Errorf("an empty value came back as %v, %v", value, err)
	}
}

// A store of a later version is left alone.
func TestLaterSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	conn, err := sqlite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(conn, "PRAGMA user_version=99", nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Open(path); err == nil || !strings.Contains(err.Error(), "later claudemesh") {
		t.Errorf("opened, or refused with %v", err)
	}
}
