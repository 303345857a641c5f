package sqlite

import (
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/store/migrate/migratetest"
)

func TestReleasedMigrations(t *testing.T) {
	migratetest.Released(t, migrations, map[string]string{
		"0001_first.sql": "0296ccada9562a9727eacec9cb158380a175a77a8d14eb4cdffce144de04561d",
		"0002_kept.sql":  "34f345211c12e7d99b0b9b22930a1eff81009ff4b0fae503ba958c41210ef78e",
	})
}

func TestMigrate(t *testing.T) {
	conn, err := sqlite.OpenConn(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	migratetest.Run(t, schema{conn}, func(sql string) int64 {
		x, err := sqlitex.ResultInt64(conn.Prep(sql))
		if err != nil {
			t.Fatal(err)
		}
		return x
	})
}
