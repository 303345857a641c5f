package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Report is what Check found. The counts are of what it read; Problems is empty where everything fits.
type Report struct {
	Meshes     int       `json:"meshes"`
	Streams    int       `json:"streams"`
	Chunks     int       `json:"chunks"`
	Entries    int       `json:"entries"`
	Bytes      uint64    `json:"bytes"` // in chunks
	Generation uint32    `json:"generation"`
	Problems   []Problem `json:"problems"`
}

// Problem is one thing that contradicts another. Mesh and Stream name where, as far as that is known.
type Problem struct {
	Mesh   string `json:"mesh,omitempty"`
	Stream string `json:"stream,omitempty"`
	Text   string `json:"text"`
}

// maxProblems bounds a report; what one damaged page breaks can be much.
const maxProblems = 1000

// Check reads a whole database, which a relay may have open meanwhile, as it is at one moment, and changes nothing. It
// looks at the database itself, the chains of rosters and their heads, positions, checksums and contents of chunks, what
// is counted of them, counters and cursors. An error means that it could not be read at all.
func Check(path string) (report Report, err error) {
	report.Problems = []Problem{}
	if _, err := os.Stat(path); err != nil {
		return report, err
	}
	torn, err := checkLog(path)
	if err != nil {
		return report, err
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := run(conn, "BEGIN"); err != nil {
		return report, err
	}
	c := &checker{conn: conn, report: &report, kept: newKept()}
	if torn != nil {
		c.problem("", "%v", torn)
	}
	err = c.check()
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultCorrupt { // no more can be read
		c.mesh = wire.MeshID{}
		c.problem("", "%v", err)
		err = nil
	}
	return report, err
}

// checkLog looks at the write-ahead log before SQLite does, which forgets what is damaged. While a relay runs the log changes, and
// what was damaged is forgotten already.
func checkLog(path string) (problem, err error) {
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		return nil, nil
	}
	lock, err := takeLock(lockOf(filepath.Dir(path)))
	if wire.CodeOf(err) == wire.CodeInUse {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if problem = soundLog(path); errors.Is(problem, store.ErrDamaged) {
		return problem, nil
	}
	return nil, problem
}

type checker struct {
	conn   *sqlite.Conn
	report *Report
	kept   *kept
	mesh   wire.MeshID // that is looked at
	number int64
}

func (c *checker) problem(stream string, format string, args ...any) {
	if len(c.report.Problems) >= maxProblems {
		return
	}
	p := Problem{Stream: stream, Text: fmt.Sprintf(format, args...)}
	if !c.mesh.IsZero() {
		p.Mesh = c.mesh.String()
	}
	c.report.Problems = append(c.report.Problems, p)
}

func (c *checker) check() error {
	if err := c.isNewest(); err != nil {
		return err
	}
	err := prepare(c.conn, "PRAGMA integrity_check(100)").each(func(stmt *sqlite.Stmt) bool {
		if text := stmt.ColumnText(0); text != "ok" {
			c.problem("", "SQLite: %s", text)
		}
		return true
	})
	if err != nil {
		c.problem("", "SQLite: %v", err)
	}
	err = prepare(c.conn, "SELECT generation FROM relay").one(func(stmt *sqlite.Stmt) { c.report.Generation = uint32(stmt.ColumnInt64(0)) })
	if err != nil {
		return err
	}
	for _, orphan := range []struct{ what, sql string }{
		{"streams", "SELECT count(*) FROM stream WHERE mesh NOT IN (SELECT number FROM mesh)"},
		{"chunks", "SELECT count(*) FROM chunk WHERE stream NOT IN (SELECT number FROM stream)"},
		{"counters", "SELECT count(*) FROM counter WHERE mesh NOT IN (SELECT number FROM mesh)"},
		{"cursors", "SELECT count(*) FROM cursor WHERE stream NOT IN (SELECT number FROM stream WHERE stream.mesh = cursor.mesh)"},
		{"sessions", "SELECT count(*) FROM session WHERE mesh NOT IN (SELECT number FROM mesh)"},
		{"invites", "SELECT count(*) FROM invite WHERE mesh NOT IN (SELECT number FROM mesh)"},
	} {
		err := prepare(c.conn, orphan.sql).one(func(stmt *sqlite.Stmt) {
			if n := stmt.ColumnInt64(0); n > 0 {
				c.problem("", "%d %s belong to nothing", n, orphan.what)
			}
		})
		if err != nil {
			return err
		}
	}
	var ids []wire.MeshID
	err = prepare(c.conn, "SELECT id FROM mesh ORDER BY number").each(func(stmt *sqlite.Stmt) bool {
		var id wire.MeshID
		stmt.ColumnBytes(0, id[:])
		ids = append(ids, id)
		return true
	})
	for _, id := range ids {
		if err == nil {
			err = c.checkMesh(id)
		}
	}
	return err
}

// isNewest refuses what this version cannot judge.
func (c *checker) isNewest() error {
	names, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	missing := make(map[string]bool)
	for _, name := range names {
		missing[name.Name()] = true
	}
	unknown := ""
	err = prepare(c.conn, "SELECT name FROM migration").each(func(stmt *sqlite.Stmt) bool {
		if name := stmt.ColumnText(0); !missing[name] {
			unknown = name
		} else {
			delete(missing, name)
		}
		return true
	})
	switch {
	case err != nil:
		return fmt.Errorf("this is not the database of a relay: %w", err)
	case unknown != "":
		return fmt.Errorf("the database was written by a newer version (it has the migration %s); use that version, or a newer one", unknown)
	case len(missing) > 0:
		return errors.New("the database was written by an older version; start this version of the relay on it once, and check it then")
	}
	return nil
}

func (c *checker) checkMesh(id wire.MeshID) error {
	c.mesh = id
	c.report.Meshes++
	r := reader{c.conn}
	row, err := r.mesh(id)
	if err != nil {
		return err
	}
	c.number = row.Number
	snapshot := mesh.Snapshot{Mesh: id}
	for _, load := range []func(int64, *mesh.Snapshot) error{r.counters, r.cursors} {
		if err := load(row.Number, &snapshot); err != nil {
			return err
		}
	}
	counters := make(map[wire.DeviceID]uint64, len(snapshot.Counters))
	for _, counter := range snapshot.Counters {
		counters[counter.Device] = counter.Last
	}
	heads := make(map[wire.Stream]wire.Position)
	var names []wire.Stream
	err = prepare(c.conn, "SELECT kind, id FROM stream WHERE mesh = ? ORDER BY kind, id").int(row.Number).each(func(stmt *sqlite.Stmt) bool {
		names = append(names, streamAt(stmt, 0))
		return true
	})
	for _, name := range names {
		if err == nil {
			heads[name], err = c.checkStream(name, row, counters)
		}
	}
	for _, cursor := range snapshot.Cursors {
		if cursor.Position > heads[cursor.Stream] {
			c.problem(label(cursor.Stream), "the cursor of device %s is at %d, and the head at %d", cursor.Device, cursor.Position, heads[cursor.Stream])
		}
	}
	for _, counter := range snapshot.Counters {
		if is := c.kept.senders[sender{row.Number, counter.Device}]; counter.Bytes != is {
			c.problem("", "device %s is counted with %d bytes, and chunks hold %d", counter.Device, counter.Bytes, is)
		}
	}
	if heads[wire.RosterStream(id)] == 0 {
		c.problem("", "the mesh has no roster")
	}
	return err
}
