package kv_test

import (
	"context"
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
