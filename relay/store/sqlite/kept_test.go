package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/migrate"
	"claudemesh.com/mesh/shared/wire"
)

// old is a directory with a store as the first version wrote it: a roster, and an inbox with two chunks.
func old(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "relay.db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	first, err := migrations.ReadFile("migrations/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate.Run(schema{conn}, fstest.MapFS{"migrations/0001_first.sql": {Data: first}}); err != nil {
		t.Fatal(err)
	}
	entry := func(b []byte, time uint64, from byte, text string) []byte {
		device := wire.DeviceID{from}
		return wire.AppendBytes32(append(wire.AppendU64(b, time), device[:]...), []byte(text))
	}
	two := entry(entry(nil, 10, 3, "one"), 11, 4, "two")
	device, other, head := wire.DeviceID{3}, wire.DeviceID{4}, wire.Head{}
	at := int64(wire.PositionOf(1, 1))
	chunk := "INSERT INTO chunk (stream, last, first, previous, count, data) VALUES (?, ?, ?, ?, ?, ?)"
	for _, q := range []func() *query{ // a statement that is prepared again forgets what was bound
		func() *query {
			return prepare(conn, "INSERT INTO mesh VALUES (1, ?, ?, 0)").blob(meshID[:]).blob(head[:])
		},
		func() *query {
			return prepare(conn, "INSERT INTO stream VALUES (1, 1, 1, ?, ?)").blob(meshID[:]).int(at)
		},
		func() *query {
			return prepare(conn, "INSERT INTO stream VALUES (2, 1, 2, ?, ?)").blob(inbox.ID[:]).int(at + 2)
		},
		func() *query { return prepare(conn, "INSERT INTO counter VALUES (1, ?, 2)").blob(device[:]) },
		func() *query { return prepare(conn, "INSERT INTO counter VALUES (1, ?, 1)").blob(other[:]) },
		func() *query {
			return prepare(conn, chunk).int(1).int(at).int(at).int(0).int(1).blob(entry(nil, 9, 3, "genesis"))
		},
		func() *query { return prepare(conn, chunk).int(2).int(at + 1).int(at).int(0).int(2).blob(two) },
		func() *query {
			return prepare(conn, chunk).int(2).int(at + 2).int(at + 2).int(at + 1).int(1).blob(entry(nil, 12, 3, "three"))
		},
	} {
		if err := q().exec(); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestKeptOfOldStore: what an older version stored is counted, and can be read and trimmed.
func TestKeptOfOldStore(t *testing.T) {
	s := open(t, old(t))
	snapshot, err := s.Load(t.Context(), meshID)
	if err != nil {
		t.Fatal(err)
	}
	size := func(text string) uint64 { return uint64(mesh.EntryOverhead + len(text)) }
	want := mesh.StreamHead{
		Stream: inbox, Position: wire.PositionOf(1, 3), Oldest: 11,
		Kept: mesh.Amount{Count: 3, Bytes: size("one") + size("two") + size("three")},
	}
	if got := snapshot.Heads[1]; got != want {
		t.Errorf("the inbox is %+v, want %+v", got, want)
	}
	if got := snapshot.Counters; got[0].Bytes != size("one")+size("three") || got[1].Bytes != size("two") {
		t.Errorf("counters %+v", got)
	}
	if len(snapshot.Roster) != 1 || string(snapshot.Roster[0].Bytes) != "genesis" {
		t.Errorf("roster %+v", snapshot.Roster)
	}
	verdicts, err := s.Commit(t.Context(), []mesh.Batch{{Mesh: meshID, Ops: []mesh.Op{&mesh.Trim{Stream: inbox, Before: 12}}}})
	if err != nil || verdicts[0][0].Trimmed.Amount.Count != 2 {
		t.Errorf("Trim: %+v %v", verdicts, err)
	}
	page, err := s.Read(t.Context(), meshID, inbox, 0, 1000)
	if err != nil || page.Gap == nil || len(page.Entries) != 1 || string(page.Entries[0].Bytes) != "three" {
		t.Errorf("Read: %+v %v", page, err)
	}
}

// TestDamagedOldStore: a store that is damaged is refused and stays as it is.
func TestDamagedOldStore(t *testing.T) {
	dir := old(t)
	path := filepath.Join(dir, "relay.db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(conn, "UPDATE chunk SET data = x'00' WHERE stream = 2").exec(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open(dir, now); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("Open: %v, want that a chunk is damaged", err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestDamagedChunk: what a disk damaged is not shown, and keeps nobody from committing or from trimming it.
func TestDamagedChunk(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, found, sends(1, 3, 100))
	if err := prepare(s.writer, "UPDATE chunk SET data = zeroblob(length(data)) WHERE stream = 2").exec(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), meshID, inbox, 0, 1000); wire.CodeOf(err) != wire.CodeUnavailable {
		t.Errorf("Read: %v, want %s", err, wire.CodeUnavailable)
	}
	snapshot, err := s.Load(t.Context(), meshID)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := s.Commit(t.Context(), []mesh.Batch{{Mesh: meshID, Ops: []mesh.Op{
		&mesh.FindEnvelope{Device: wire.DeviceID{3}, Stream: inbox, Position: snapshot.Heads[1].Position},
		&mesh.Trim{Stream: inbox, Before: 1000},
	}}})
	if err != nil || verdicts[0][0].Outcome != mesh.Absent || verdicts[0][1].Trimmed.Amount.Count != 3 {
		t.Errorf("Commit: %+v %v", verdicts, err)
	}
	commit(t, s, sends(4, 4, 10))
}

// TestSpace: what is dropped makes room in the file, which does not shrink; a backup holds only what is kept.
func TestSpace(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, found, sends(1, 100, 100<<10))
	trim := mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.Trim{Stream: inbox, Before: 1}}}
	drop := func() {
		t.Helper()
		for more := true; more; {
			verdicts, err := s.Commit(t.Context(), []mesh.Batch{trim})
			if err != nil {
				t.Fatal(err)
			}
			more = verdicts[0][0].Trimmed.More
		}
	}
	drop()
	full := number(t, s, "PRAGMA page_count")
	commit(t, s, sends(101, 200, 100<<10))
	drop()
	if again := number(t, s, "PRAGMA page_count"); again > full+full/20 {
		t.Errorf("the file has %d pages, and %d after as much was written and dropped again", full, again)
	}
	file := filepath.Join(t.TempDir(), "backup")
	if err := Backup(dir, file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() > full*4096/10 {
		t.Errorf("the backup has %d bytes, and the file %d (%v)", info.Size(), full*4096, err)
	}
}
