//go:build unix

package postgres

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestDiskFull: while the database has no room, commits are refused and the store is not ready; what can be read is read. It goes on
// when there is room again, with everything that it told to be stored. The database refuses what would make the table of chunks
// grow, with the error of a disk that is full.
func TestDiskFull(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s, conn := open(t, address), connect(t, address)
	commit(t, s, found, sends(1, 1, 3, 100))
	for _, sql := range []string{
		`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`,
		"CREATE TRIGGER full_disk BEFORE INSERT ON chunk EXECUTE FUNCTION full_disk()",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		_, err := s.Commit(t.Context(), []mesh.Batch{sends(1, 4, 4, 100)})
		if wire.CodeOf(err) != wire.CodeUnavailable || !strings.Contains(err.Error(), "No space left") {
			t.Errorf("Commit: %v", err)
		}
		if err := s.Ready(t.Context()); wire.CodeOf(err) != wire.CodeUnavailable {
			t.Errorf("Ready: %v", err)
		}
		if page, err := s.Read(t.Context(), meshID, inbox, 0, 1<<20); err != nil || len(page.Entries) != 3 {
			t.Errorf("Read: %d entries %v", len(page.Entries), err)
		}
	}
	if _, err := conn.Exec(t.Context(), "DROP TRIGGER full_disk ON chunk"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready with room again: %v", err)
	}
	commit(t, s, sends(1, 4, 4, 100))
	if got := number(t, conn, "SELECT count(*) FROM chunk WHERE stream = 0"); got != 0 {
		t.Errorf("%d chunks are left of looking for room", got)
	}
	if page, err := s.Read(t.Context(), meshID, inbox, 0, 1<<20); err != nil || len(page.Entries) != 4 {
		t.Errorf("Read: %d entries %v", len(page.Entries), err)
	}
}

// TestAgedIndex: what is old is found by an index, whatever else is kept, and commits that only append do not move it.
func TestAgedIndex(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s, conn := open(t, address), connect(t, address)
	commit(t, s, found, sends(1, 1, 3, 100))
	if _, err := conn.Exec(t.Context(), `INSERT INTO stream (mesh, kind, id, head, count, bytes, oldest)
		SELECT 1, 3, decode(md5(n::text) || md5(n::text), 'hex'), 1, 1, 1, 1000 + n FROM generate_series(1, 20000) n`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "ANALYZE stream"); err != nil {
		t.Fatal(err)
	}
	var plan []string
	rows, err := conn.Query(t.Context(), "EXPLAIN "+strings.ReplaceAll(strings.ReplaceAll(agedMeshes, "$1", "1005"), "$2", "9"))
	if err != nil {
		t.Fatal(err)
	}
	var line string
	if err := each(rows, []any{&line}, func() { plan = append(plan, line) }); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(plan, "\n"); !strings.Contains(text, "stream_oldest") || strings.Contains(text, "Seq Scan on stream") {
		t.Errorf("what is old is found so:\n%s", text)
	}
	before := number(t, conn, "SELECT n_tup_upd - n_tup_hot_upd FROM pg_stat_all_tables WHERE relname = 'stream'")
	for n := uint64(4); n < 20; n++ {
		commit(t, s, sends(1, n, n, 100))
	}
	s.disconnect() // a session reports what it did at its end
	for number(t, conn, "SELECT n_tup_upd FROM pg_stat_all_tables WHERE relname = 'stream'") < 16 {
	}
	if moved := number(t, conn, "SELECT n_tup_upd - n_tup_hot_upd FROM pg_stat_all_tables WHERE relname = 'stream'") - before; moved > 2 {
		t.Errorf("%d of 16 appends moved the row of their stream", moved)
	}
}
