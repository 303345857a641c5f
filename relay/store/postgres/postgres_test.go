//go:build unix

package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/migrate/migratetest"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/relay/store/storetest"
	"claudemesh.com/mesh/shared/wire"
)

var now = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func open(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address, clock)
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
	server := postgrestest.Start(t)
	storetest.Run(t, func(t testing.TB, now time.Time, before store.Store) store.Store {
		var address string
		if before != nil {
			address = before.(*Store).config.ConnString()
		} else {
			address = server.Database(t)
		}
		s, err := Open(t.Context(), address, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestReleasedMigrations(t *testing.T) {
	migratetest.Released(t, migrations, map[string]string{
		"0001_first.sql": "2c255a85027d1257fec15595a3d64cd074a3c33b67593f09b9433e7168e5e31d",
		"0002_nodes.sql": "73c0c532371d010b248163adb8c1c79b5eeba8a661cc23839c3856d4094d5271",
	})
}

func TestMigrate(t *testing.T) {
	conn := connect(t, postgrestest.Start(t).Database(t))
	migratetest.Run(t, schema{t.Context(), conn}, func(sql string) int64 { return number(t, conn, sql) })
}

func connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func number(t testing.TB, conn *pgx.Conn, sql string) (n int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	meshID = wire.MeshID{1}
	found  = mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.CreateMesh{Statements: [][]byte{[]byte("genesis")}}}}
	inbox  = wire.InboxStream(wire.MemberID{2})
)

// sends is a batch of appends by one device, of a size in bytes each.
func sends(by byte, from, to uint64, size int) mesh.Batch {
	batch := mesh.Batch{Mesh: meshID}
	for n := from; n <= to; n++ {
		batch.Ops = append(batch.Ops, &mesh.AppendEnvelope{
			Device: wire.DeviceID{by}, After: n - 1, Counter: n, Entries: []mesh.NewEntry{{Stream: inbox, Envelope: make([]byte, size)}},
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

// TestRows: a commit writes one chunk for each stream that it touched, as long as that holds at most 256 KiB; one row for
// each device; nothing for each message.
func TestRows(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s, conn := open(t, address), connect(t, address)
	commit(t, s, found, sends(3, 1, 500, 400))
	for what, want := range map[string]int64{
		"SELECT count(*) FROM chunk":   2, // of the roster and of the inbox
		"SELECT count(*) FROM counter": 1,
		"SELECT count(*) FROM audit":   2,
		"SELECT count(*) FROM stream":  2,
		"SELECT max(count) FROM chunk": 500,
	} {
		if got := number(t, conn, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	commit(t, s, sends(3, 501, 700, 100<<10)) // more than waits for the end of a transaction
	if got := number(t, conn, "SELECT max(octet_length(data)) FROM chunk WHERE count > 1"); got > store.MaxChunk {
		t.Errorf("a chunk of several entries has %d bytes", got)
	}
	if got := number(t, conn, "SELECT count(*) FROM chunk"); got != 2+100 {
		t.Errorf("%d chunks, want 2 before and 100 of two entries", got)
	}
}

func TestSession(t *testing.T) {
	s := open(t, postgrestest.Start(t).Database(t)+"&synchronous_commit=off")
	var got string
	if err := s.writer.conn.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != "on" {
		t.Errorf("synchronous_commit is %q (%v)", got, err)
	}
}

// TestSecret: no error tells the password of the address.
func TestSecret(t *testing.T) {
	for _, address := range []string{
		"postgres://relay:hunter2@localhost:0x/db",
		"postgres://relay:hunter2%zz@localhost/db",
		"postgres:// relay:hunter2@localhost/db",
		"host=/nowhere password=hunter2 port=x",
		"host=/nowhere password=hunter2 user=relay dbname=db",
		"postgres://relay:hunter2@/db?host=/nowhere",
		"postgres://relay:hunter2@/db?host=/nowhere&sslmode=hunter2",
	} {
		s, err := Open(t.Context(), address, clock)
		if err == nil {
			_ = s.Close()
		}
		for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err)} {
			if err == nil || strings.Contains(text, "hunter2") {
				t.Errorf("Open tells %s", text)
			}
		}
	}
}

// TestLongTrim: a trim takes what it covers of a stream that has more chunks than are read at once.
func TestLongTrim(t *testing.T) {
	s := open(t, postgrestest.Start(t).Database(t))
	commit(t, s, found)
	for n := range uint64(3 * trimPage) {
		commit(t, s, sends(3, n+1, n+1, 10))
	}
	for _, c := range []struct{ keep, gone uint64 }{{2*trimPage + 1, trimPage - 1}, {2*trimPage - 1, 2}, {1, 2*trimPage - 2}} {
		op := &mesh.Trim{Stream: inbox, Keep: mesh.Amount{Count: c.keep}}
		verdicts, err := s.Commit(t.Context(), []mesh.Batch{{Mesh: meshID, Ops: []mesh.Op{op}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := verdicts[0][0].Trimmed.Amount.Count; got != c.gone {
			t.Errorf("keeping %d of them took %d, want %d", c.keep, got, c.gone)
		}
	}
	page, err := s.Read(t.Context(), meshID, inbox, 0, 1000)
	if err != nil || page.Gap == nil || len(page.Entries) != 1 {
		t.Errorf("Read: %+v %v, want a gap and the last entry", page, err)
	}
}
