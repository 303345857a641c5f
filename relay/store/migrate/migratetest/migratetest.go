// Package migratetest checks a store's migrations: how they are applied, and that a released file never changes.
//
// What it does not do: check what the migrations say.
package migratetest

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"claudemesh.com/mesh/relay/store/migrate"
)

// Released checks that files holds exactly the migrations of these checksums. Once a release has carried a file it never
// changes: add a new one.
func Released(t *testing.T, files fs.FS, released map[string]string) {
	t.Helper()
	paths, err := fs.Glob(files, "migrations/*.sql")
	if err != nil || len(paths) != len(released) {
		t.Errorf("%d migrations, %d checksums (%v)", len(paths), len(released), err)
	}
	for name, want := range released {
		text, err := fs.ReadFile(files, "migrations/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := migrate.Checksum(text); sum != want {
			t.Errorf("migration %s was released and has changed: its checksum is %s", name, sum)
		}
	}
}

// Run checks migrate.Run on an empty database. number asks it for one integer.
func Run(t *testing.T, db migrate.Database, number func(sql string) int64) {
	t.Helper()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const (
		first  = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"
		second = "UPDATE a SET x = x + 1;"
		broken = "UPDATE a SET x = 9; CREATE TABLE;"
	)
	one := fstest.MapFS{"migrations/0001_a.sql": file(first)}
	two := fstest.MapFS{"migrations/0001_a.sql": file(first), "migrations/0002_b.sql": file(second)}
	changed := fstest.MapFS{"migrations/0001_a.sql": file(first + " ")}
	bad := fstest.MapFS{"migrations/0001_a.sql": file(first), "migrations/0002_b.sql": file(broken)}

	for _, step := range []struct {
		name  string
		files fs.FS
		want  string // in the error
		x     int64
	}{
		{"an empty database", one, "", 1},
		{"once more", one, "", 1},
		{"another file of the same name", changed, "another migration 0001_a.sql", 1},
		{"a migration that fails leaves nothing behind", bad, "0002_b.sql", 1},
		{"a newer version", two, "", 2},
		{"once more", two, "", 2},
		{"back to the older version", one, "newer version", 2},
	} {
		err := migrate.Run(db, step.files)
		if step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("%s: %v, want an error with %q", step.name, err, step.want)
		}
		if x := number("SELECT x FROM a"); x != step.x {
			t.Errorf("%s: x is %d, want %d", step.name, x, step.x)
		}
	}
}
