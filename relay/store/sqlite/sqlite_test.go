package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/storetest"
	"claudemesh.com/mesh/shared/wire"
)

var now = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB, now time.Time, before store.Store) store.Store {
		dir := t.TempDir()
		if before != nil {
			dir = before.(*Store).dir
		}
		s, err := Open(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

var (
	meshID = wire.MeshID{1}
	found  = mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.CreateMesh{Statements: [][]byte{[]byte("genesis")}}}}
	inbox  = wire.InboxStream(wire.MemberID{2})
)

// sends is a batch of appends by one device, of a size in bytes each.
func sends(from, to uint64, size int) mesh.Batch {
	batch := mesh.Batch{Mesh: meshID}
	for n := from; n <= to; n++ {
		batch.Ops = append(batch.Ops, &mesh.AppendEnvelope{
			Device: wire.DeviceID{3}, After: n - 1, Counter: n, Entries: []mesh.NewEntry{{Stream: inbox, Envelope: make([]byte, size)}},
		})
	}
	return batch
}

func commit(t testing.TB, s *Store, batches ...mesh.Batch) {
	t.Helper()
	verdicts, err := s.Commit(t.Context(), batches)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range verdicts {
		for _, v := range of {
			if v.Outcome != mesh.Done {
				t.Fatalf("outcome %d", v.Outcome)
			}
		}
	}
}

// number asks the writer's connection for one integer.
func number(t testing.TB, s *Store, sql string) (n int64) {
	t.Helper()
	err := sqlitex.ExecuteTransient(s.writer, sql, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt64(0)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRows: a commit writes one chunk for each stream that it touched, as long as that holds at most 256 KiB; one row for
// each device; nothing for each message.
func TestRows(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, found, sends(1, 500, 400))
	for what, want := range map[string]int64{
		"SELECT count(*) FROM chunk":                           2, // of the roster and of the inbox
		"SELECT count(*) FROM counter":                         1,
		"SELECT count(*) FROM audit":                           2,
		"SELECT count(*) FROM stream":                          2,
		"SELECT max(count) FROM chunk":                         500,
		"SELECT count(*) FROM sqlite_schema WHERE sql IS NULL": 5, // indexes: mesh, stream, chunk, invite twice
	} {
		if got := number(t, s, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	commit(t, s, sends(501, 510, 100<<10), sends(511, 511, 900<<10))
	if got := number(t, s, "SELECT max(length(data)) FROM chunk WHERE count > 1"); got > store.MaxChunk {
		t.Errorf("a chunk of several entries has %d bytes", got)
	}
	if got := number(t, s, "SELECT count(*) FROM chunk"); got != 2+5+1 {
		t.Errorf("%d chunks, want 2 before, 5 of two entries, and one large", got)
	}
}

func TestPragmas(t *testing.T) {
	s := open(t, t.TempDir())
	if got := number(t, s, "PRAGMA synchronous"); got != 2 {
		t.Errorf("synchronous is %d, want 2 (FULL)", got)
	}
	if got := number(t, s, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"); got != 1 {
		t.Errorf("the journal is not a write-ahead log")
	}
	if got := number(t, s, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"); got != 0 {
		t.Errorf("%d tables are not STRICT", got)
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "relay")
	s := open(t, dir)
	commit(t, s, found)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "relay.db"): 0o600, filepath.Join(dir, "relay.db-wal"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"relay.db", "relay.lock"}; !slices.Equal(names, want) {
		t.Errorf("after Close there are %v, want %v", names, want)
	}
	// The one file is the whole store.
	text, err := os.ReadFile(filepath.Join(dir, "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := os.WriteFile(filepath.Join(copied, "relay.db"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, copied).Load(t.Context(), meshID); err != nil {
		t.Errorf("a copy: %v", err)
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := Open(dir, now); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("a second Open: %v, want %s", err, wire.CodeInUse)
	}
	commit(t, s, found) // the first is not disturbed
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

// TestFull: where the disk is full nothing is lost, and the store goes on when there is room.
func TestFull(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, found, sends(1, 1, 10))
	pages := number(t, s, "PRAGMA page_count")
	number(t, s, fmt.Sprintf("PRAGMA max_page_count = %d", pages+2))
	_, err := s.Commit(t.Context(), []mesh.Batch{sends(2, 2, 100<<10)})
	if wire.CodeOf(err) != wire.CodeUnavailable || sqlite.ErrCode(err) != sqlite.ResultFull {
		t.Errorf("Commit: %v, want %s", err, wire.CodeUnavailable)
	}
	snapshot, err := s.Load(t.Context(), meshID)
	if err != nil || snapshot.Counters[0].Last != 1 {
		t.Errorf("Load: %+v %v; the commit that failed must have done nothing", snapshot.Counters, err)
	}
	number(t, s, "PRAGMA query_only = 1")
	if err := s.Ready(t.Context()); wire.CodeOf(err) != wire.CodeUnavailable {
		t.Errorf("Ready while nothing can be written: %v", err)
	}
	number(t, s, "PRAGMA query_only = 0")
	number(t, s, "PRAGMA max_page_count = 1000000")
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready with room again: %v", err)
	}
	commit(t, s, sends(2, 2, 100<<10))
}
