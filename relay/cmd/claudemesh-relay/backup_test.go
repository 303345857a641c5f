package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"claudemesh.com/mesh/relay/protocoltest"
	checker "claudemesh.com/mesh/relay/store/check"
	store "claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

// does runs a command in this process and gives what it printed.
func does(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, &outside{&out, &errs, func(string) string { return "" }}); code != want {
		t.Errorf("%q: exit code %d, want %d: %s%s", args, code, want, &out, &errs)
	}
	return out.String() + errs.String()
}

// talk has a relay on a data folder take some sends to a topic and to an inbox, one after another, and gives their positions
// in the topic.
func talk(t *testing.T, m *protocoltest.Mesh, n int) (positions []wire.Position) {
	t.Helper()
	c := m.Connect(t, m.Owner)
	last := c.Welcome.LastCounter
	m.Owner.Counter = max(m.Owner.Counter, last)
	for range n {
		c.Send(last, m.Topic(m.Owner, 300, wire.GeneralTopic(m.ID)))
		last = m.Owner.Counter
		positions = append(positions, c.Accepted(last).Placed[0].Position)
	}
	c.HangUp()
	return positions
}

func (p *process) stops(t *testing.T) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Errorf("%v: %s", err, p.Log())
	}
}

// TestBackup: a backup of a running relay is whole, private, and replaces nothing; what is made of it goes on with positions
// that nobody ever saw.
func TestBackup(t *testing.T) {
	data, folder := t.TempDir(), t.TempDir()
	file := filepath.Join(folder, "backup.db")
	p := serving(t, "", data)
	m := protocoltest.Found(t, p.target)
	owner := m.Connect(t, m.Owner)
	m.Add(t, owner)
	owner.HangUp()
	before := talk(t, m, 5)
	does(t, 0, "backup", data, file)
	if out := does(t, 0, "check", data); !strings.Contains(out, "1 mesh, 2 streams") || !strings.Contains(out, "9 entries") {
		t.Errorf("check of a running relay: %s", out)
	}
	highest := before[4]
	for range 4 { // restarts faster than the clock ticks raise the generation beyond the minute
		p.stops(t)
		p = serving(t, "", data)
		m.Target = p.target
		for _, position := range talk(t, m, 2) {
			if position <= highest {
				t.Errorf("position %d follows %d", position, highest)
			}
			highest = position
		}
	}
	p.stops(t)

	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out := does(t, exitFailed, "backup", data, file); !strings.Contains(out, "nothing is ever overwritten") {
		t.Errorf("a backup onto a backup: %s", out)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, text) {
		t.Errorf("the backup was changed (%v)", err)
	}
	if out := does(t, exitFailed, "restore", file, data, "--verify"); !strings.Contains(out, "relay.db: it is there already") {
		t.Errorf("a restore onto a store: %s", out)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("beside the backup there is something: %v %v", entries, err)
	}

	restored := filepath.Join(t.TempDir(), "relay")
	if err := os.MkdirAll(restored, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(restored, "operator-token"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(restored, "relay.db-wal")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := does(t, exitFailed, "restore", file, restored); !strings.Contains(out, "relay.db-wal: it is there already") {
		t.Errorf("a restore beside the log of another database: %s", out)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if out := does(t, 0, "check", file); !strings.Contains(out, "1 mesh, 2 streams") {
		t.Errorf("check of a backup: %s", out)
	}
	nothing := t.TempDir()
	for _, args := range [][]string{{"check", nothing}, {"backup", nothing, filepath.Join(t.TempDir(), "of-nothing.db")}} {
		if out := does(t, exitFailed, args...); !strings.Contains(out, "there is no "+filepath.Join(nothing, "relay.db")) {
			t.Errorf("%s of a folder without a database: %s", args[0], out)
		}
	}
	does(t, 0, "restore", file, restored, "--verify")
	does(t, 0, "check", restored)
	if info, err := os.Stat(store.Path(restored)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("what was restored has mode %v, %v", info.Mode(), err)
	}
	p = serving(t, "", restored)
	m.Target = p.target
	reader := m.Connect(t, m.Owner)
	if got := reader.Welcome.LastCounter; got != 5 {
		t.Errorf("the last counter is %d, want that of the backup", got)
	}
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	reader.Tail(highest, general) // as a peer does that saw what the backup lacks
	reader.Live(general)
	for _, position := range talk(t, m, 2) {
		if position <= highest {
			t.Errorf("the restored relay gives position %d, and the one before gave %d", position, highest)
		}
		if got, _ := reader.Delivery(); got.Position != position {
			t.Errorf("position %d is shown, want %d", got.Position, position)
		}
	}
	reader.HangUp()
	p.stops(t)
	does(t, 0, "check", restored)
}

// TestCheck: whatever is damaged is told, by the exit code and in words, and not restored.
func TestCheck(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	m := protocoltest.Found(t, p.target)
	c := m.Connect(t, m.Owner)
	talk(t, m, 3)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	c.Tail(0, general)
	for range 3 {
		c.Delivery()
	}
	c.Write(wire.AppendCursor(nil, wire.Cursor{Stream: general, Position: c.Live(general)}))
	c.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
	c.Read(wire.FramePong)
	c.HangUp()
	p.stops(t)
	whole, err := os.ReadFile(store.Path(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []struct{ sql, want string }{
		{"UPDATE chunk SET data = CAST(zeroblob(length(data)) AS BLOB) WHERE stream = 2 AND last = (SELECT max(last) FROM chunk)", "is damaged"},
		{"UPDATE chunk SET time = time + 1 WHERE stream = 2", "is damaged"},
		{"UPDATE chunk SET data = CAST(zeroblob(length(data)) AS BLOB) WHERE stream = 1", "is damaged"},
		{"DELETE FROM chunk WHERE stream = 1", "the chain of statements does not lead to the mesh's head"},
		{"UPDATE mesh SET head = CAST(zeroblob(32) AS BLOB)", "the chain of statements does not lead to the mesh's head"},
		{"DELETE FROM chunk WHERE stream = 2 AND last = (SELECT last FROM chunk WHERE stream = 2 ORDER BY last LIMIT 1 OFFSET 1)", "and the one before it ends at"},
		{"DELETE FROM chunk WHERE last = (SELECT max(last) FROM chunk)", "and the last entry at"},
		{"UPDATE stream SET count = 9 WHERE number = 2", "are counted, and chunks hold"},
		{"UPDATE counter SET bytes = 9", "is counted with 9 bytes"},
		{"UPDATE counter SET last = 2", "and its last one is 2"},
		{"UPDATE cursor SET position = position + 1", "the cursor of device"},
		{"UPDATE relay SET generation = 1", "and the relay only in 1"},
		{"DELETE FROM audit WHERE number = 2", "the audit has"},
		{"DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)", "the last line of the audit is"},
		{"DELETE FROM stream WHERE number = 2", "chunks belong to nothing"},
		{"DELETE FROM mesh", "streams belong to nothing"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(store.Path(dir), whole, 0o600); err != nil {
			t.Fatal(err)
		}
		does(t, 0, "check", dir)
		conn, err := sqlite.OpenConn(store.Path(dir), sqlite.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		err = sqlitex.ExecuteTransient(conn, damage.sql, nil)
		if conn.Changes() == 0 || err != nil {
			t.Fatalf("%s changed nothing: %v", damage.sql, err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if out := does(t, exitDamaged, "check", dir); !strings.Contains(out, damage.want) {
			t.Errorf("%s: %s; want %q", damage.sql, out, damage.want)
		}
		var report checker.Report
		out, _, _ := strings.Cut(does(t, exitDamaged, "check", "--json", dir), "claudemesh-relay:")
		if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Problems) == 0 {
			t.Errorf("%s as JSON: %s %v", damage.sql, out, err)
		}
		target := filepath.Join(t.TempDir(), "restored")
		if out := does(t, exitDamaged, "restore", store.Path(dir), target, "--verify"); !strings.Contains(out, "nothing was restored") {
			t.Errorf("restore: %s", out)
		}
		if _, err := os.Stat(target); err == nil {
			t.Errorf("%s: a damaged backup was restored", damage.sql)
		}
	}
	torn := t.TempDir()
	if err := os.WriteFile(store.Path(torn), whole[:len(whole)-5000], 0o600); err != nil {
		t.Fatal(err)
	}
	if out := does(t, exitDamaged, "check", torn); !strings.Contains(out, "malformed") {
		t.Errorf("a torn file: %s", out)
	}
	does(t, exitFailed, "check", t.TempDir())
	does(t, exitUsage, "check")
	does(t, exitFailed, "backup", t.TempDir(), filepath.Join(t.TempDir(), "x"))
}

// TestCheckOfDroppedAudit: an audit of which the beginning or all was dropped is sound, and goes on.
func TestCheckOfDroppedAudit(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	m := protocoltest.Found(t, p.target)
	for _, limit := range []int{2, 100} {
		talk(t, m, 3)
		p.stops(t)
		s, err := store.Open(data, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		before, err1 := s.Audit(t.Context(), m.ID, 0, 100)
		dropped, err2 := s.DropRecords(t.Context(), 1<<50, limit)
		left, err3 := s.Audit(t.Context(), m.ID, 0, 100)
		if err := errors.Join(err1, err2, err3, s.Close()); err != nil {
			t.Fatal(err)
		}
		if want := min(limit, len(before)); dropped != want || len(left) != len(before)-want || dropped < 2 {
			t.Errorf("%d of %d records were dropped, and %d are left", dropped, len(before), len(left))
		}
		does(t, 0, "check", data)
		p = serving(t, "", data)
		m.Target = p.target
	}
	talk(t, m, 2)
	does(t, 0, "check", data)
}

// TestCompact: a database is compacted only while no relay runs, and is sound and goes on afterwards.
func TestCompact(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	m := protocoltest.Found(t, p.target)
	talk(t, m, 5)
	if out := does(t, exitFailed, "compact", data); !strings.Contains(out, "another relay runs on the data directory") {
		t.Errorf("beside a relay: %s", out)
	}
	p.stops(t)
	if out := does(t, 0, "compact", data); !strings.Contains(out, "came back") {
		t.Errorf("compact tells %s", out)
	}
	does(t, 0, "check", data)
	p = serving(t, "", data)
	m.Target = p.target
	talk(t, m, 2)
	p.stops(t)
	does(t, 0, "check", data)
	does(t, exitFailed, "compact", t.TempDir())
	does(t, exitUsage, "compact", "postgres://localhost/relay")
}
