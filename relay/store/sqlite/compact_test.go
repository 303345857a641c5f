package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// TestCompactOfKilled: what a relay that was killed had in its log alone stays.
func TestCompactOfKilled(t *testing.T) {
	dir, killed := t.TempDir(), t.TempDir()
	s := open(t, dir)
	commit(t, s, found, sends(1, 20, 100))
	for _, name := range []string{"relay.db", "relay.db-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(killed, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Compact(killed, func(int64) error { return nil }); err != nil {
		t.Fatal(err)
	}
	page, err := open(t, killed).Read(t.Context(), meshID, inbox, 0, 1<<20)
	if err != nil || len(page.Entries) != 20 {
		t.Errorf("%d of 20 entries are left (%v)", len(page.Entries), err)
	}
}

// TestCompact: what was dropped gives its room back, and what is kept stays; whoever has the store open, or too little room, keeps
// everything as it is.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, found, sends(1, 200, 10_000))
	other := wire.InboxStream(wire.MemberID{5})
	commit(t, s, mesh.Batch{Mesh: meshID, Ops: []mesh.Op{
		&mesh.AppendEnvelope{Device: wire.DeviceID{4}, Counter: 1, Entries: []mesh.NewEntry{{Stream: other, Envelope: []byte("kept")}}},
		&mesh.Trim{Stream: inbox, Before: 1 << 50},
	}})
	fits := func(int64) error { return nil }
	if _, _, err := Compact(dir, fits); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("beside a relay: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(Path(dir))
	if err != nil {
		t.Fatal(err)
	}
	unchanged := func(what string) {
		t.Helper()
		now, err := os.ReadFile(Path(dir))
		if err != nil || len(now) != len(text) || !bytes.Equal(now[100:], text[100:]) { // the head counts what was written
			t.Errorf("%s: the file changed (%v)", what, err)
		}
		if left, err := filepath.Glob(Path(dir) + ".*"); err != nil || len(left) > 0 {
			t.Errorf("%s left %v %v", what, left, err)
		}
	}
	reader, err := sqlite.OpenConn(Path(dir), sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM mesh"} {
		if err := run(reader, sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Compact(dir, fits); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("beside a reader: %v", err)
	}
	unchanged("a reader")
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	full, asked := errors.New("full"), int64(0)
	if _, _, err := Compact(dir, func(need int64) error { asked = need; return full }); !errors.Is(err, full) {
		t.Errorf("without room: %v", err)
	}
	unchanged("a full disk")

	before, after, err := Compact(dir, fits)
	if err != nil || before != int64(len(text)) || after > before/10 || after > asked || asked > before/10 {
		t.Fatalf("%d bytes became %d, and %d were asked for (%v)", before, after, asked, err)
	}
	if info, err := os.Stat(Path(dir)); err != nil || info.Size() != after || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file: %v %v", info, err)
	}
	if left, err := filepath.Glob(Path(dir) + "?*"); err != nil || len(left) > 0 {
		t.Errorf("beside it there is %v %v", left, err)
	}
	s = open(t, dir)
	page, err := s.Read(t.Context(), meshID, other, 0, 100)
	if err != nil || len(page.Entries) != 1 || string(page.Entries[0].Bytes) != "kept" {
		t.Errorf("what was kept: %+v %v", page, err)
	}
	commit(t, s, sends(201, 202, 10))
}
