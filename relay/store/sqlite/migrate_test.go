package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// released are the checksums of the migrations. Once a release has carried a file it never changes: add a new one.
var released = map[string]string{
	"0001_first.sql": "0296ccada9562a9727eacec9cb158380a175a77a8d14eb4cdffce144de04561d",
	"0002_kept.sql":  "34f345211c12e7d99b0b9b22930a1eff81009ff4b0fae503ba958c41210ef78e",
}

func TestReleasedMigrations(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) != len(released) {
		t.Errorf("%d migrations, %d checksums (%v)", len(files), len(released), err)
	}
	for name, want := range released {
		text, err := fs.ReadFile(migrations, "migrations/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
			t.Errorf("migration %s was released and has changed", name)
		}
	}
}

func TestMigrate(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const (
		first  = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"
		second = "UPDATE a SET x = x + 1;"
		broken = "UPDATE a SET x = 9; CREATE TABLE;"
	)
	one := fstest.MapFS{"migrations/0001_a.sql": file(first)}
	two := fstest.MapFS{"migrations/0001_a.sql": file(first), "migrations/0002_b.sql": file(second)}
	changed := fstest.MapFS{"migrations/0001_a.sql": file(first + " ")}
	bad := fstest.MapFS{"migrations/0001_a.sql": file(first), "migrations/0002_b.sql": file(broken)}

	conn, err := sqlite.OpenConn(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
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
		err := migrate(conn, step.files)
		if step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("%s: %v, want an error with %q", step.name, err, step.want)
		}
		var x int64
		err = sqlitex.ExecuteTransient(conn, "SELECT x FROM a", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			x = stmt.ColumnInt64(0)
			return nil
		}})
		if err != nil || x != step.x {
			t.Errorf("%s: x is %d, %v; want %d", step.name, x, err, step.x)
		}
	}
}
