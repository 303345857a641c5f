//go:build unix

package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestCheckPostgres: what is damaged in PostgreSQL is told like what is damaged in a file.
func TestCheckPostgres(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	p := serving(t, "", "", "--database-url", address)
	m := protocoltest.Found(t, p.target)
	talk(t, m, 3)
	if out := does(t, 0, "check", "--database-url", address); !strings.Contains(out, "1 mesh, 2 streams") || !strings.Contains(out, "5 entries") {
		t.Errorf("check of a running relay: %s", out)
	}
	p.stops(t)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, damage := range []struct{ sql, undo, want string }{
		{"UPDATE chunk SET data = set_byte(data, 60, 255 - get_byte(data, 60)) WHERE count = 1", "", "is damaged"},
		{"UPDATE stream SET count = count + 1", "UPDATE stream SET count = count - 1", "are counted, and chunks hold"},
		{"UPDATE stream SET head = head + 1", "UPDATE stream SET head = head - 1", "and the last entry at"},
		{"UPDATE counter SET bytes = bytes + 9", "UPDATE counter SET bytes = bytes - 9", "is counted with"},
		{"UPDATE counter SET last = last - 1", "UPDATE counter SET last = last + 1", "and its last one is 2"},
		{"UPDATE audit SET number = entry * 2", "UPDATE audit SET number = NULL", "the audit has"},
		{"UPDATE relay SET generation = generation - 5", "UPDATE relay SET generation = generation + 5", "and the relay only in"},
		{"UPDATE mesh SET head = set_byte(head, 0, 255 - get_byte(head, 0))", "", "the chain of statements does not lead to"},
	} {
		undo := damage.undo
		if undo == "" {
			undo = damage.sql // the same again
		}
		for _, step := range []struct {
			sql  string
			code int
			want string
		}{{damage.sql, exitDamaged, damage.want}, {undo, 0, "0 problems"}} {
			if tag, err := conn.Exec(t.Context(), step.sql); err != nil || tag.RowsAffected() == 0 {
				t.Fatalf("%s: %v %v", step.sql, tag, err)
			}
			if out := does(t, step.code, "check", "--database-url", address); !strings.Contains(out, step.want) {
				t.Errorf("%s: %s; want %q", step.sql, out, step.want)
			}
		}
	}
	does(t, exitUsage, "check", t.TempDir(), "--database-url", address)
	if out := does(t, exitUsage, "backup", address, "x"); !strings.Contains(out, "pg_dump") {
		t.Errorf("backup of PostgreSQL: %s", out)
	}
	if out := does(t, exitUsage, "restore", "x", address); !strings.Contains(out, "pg_restore") {
		t.Errorf("restore to PostgreSQL: %s", out)
	}
}

// TestRestorePostgres: a database that was put back gives no position that was given since its backup was made, also where
// generations ran ahead of the clock.
func TestRestorePostgres(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	backup := strings.Replace(address, "/test1?", "/backup?", 1)
	p := serving(t, "", "", "--database-url", address)
	m := protocoltest.Found(t, p.target)
	talk(t, m, 3)
	if out := does(t, exitFailed, "restore", "--database-url", address); !strings.Contains(out, "a relay runs on the database") {
		t.Errorf("restore under a running relay: %s", out)
	}
	p.stops(t)
	file := filepath.Join(t.TempDir(), "backup")
	tool(t, "pg_dump", "--format=custom", "--file="+file, address)
	var highest wire.Position
	for range 4 { // connections more often than once a minute
		p.rise(t)
		highest = talk(t, m, 1)[0]
		p.stops(t)
	}
	tool(t, "createdb", "--maintenance-db="+address, "backup")
	tool(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+backup, file)
	if out := does(t, 0, "restore", "--database-url", backup, "--verify"); !strings.Contains(out, "0 problems") {
		t.Errorf("restore: %s", out)
	}
	p.Flags = []string{"--verbose", "--database-url", backup}
	p.rise(t)
	if position := talk(t, m, 1)[0]; position <= highest {
		t.Errorf("position %d was given, and %d before", position, highest)
	}
	does(t, 0, "check", "--database-url", backup)
}

// tool runs one of PostgreSQL's programs.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	path := name
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		path = found[len(found)-1]
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}
