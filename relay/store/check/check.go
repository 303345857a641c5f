// Package check reads a whole store, and tells what in it contradicts what else is in it.
//
// What it does not do: mend anything, or know a database. A store gives it the rows (Source) as they are at one moment.
package check

import (
	"fmt"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Report is what Run found. The counts are of what it read; Problems is empty where everything fits.
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

// Source are the tables of a store, as they are at one moment. What it gives may be kept.
type Source interface {
	// Inspect has the database look at itself, and tells of each thing that it finds.
	Inspect(tell func(text string)) error
	// Damaged reports whether an error means that the database is damaged where it was read.
	Damaged(err error) bool

	Generation() (uint32, error)
	// Count carries out a query that gives one number. It is written so that each database takes it.
	Count(sql string) (int64, error)
	// Meshes gives the ids of all, in the order of their numbers.
	Meshes() ([]wire.MeshID, error)
	Mesh(id wire.MeshID) (store.MeshRow, error)
	// Streams, Counters and Cursors are those of the mesh with the number.
	Streams(mesh int64) ([]Stream, error)
	Counters(mesh int64) ([]mesh.Counter, error)
	Cursors(mesh int64) ([]mesh.CursorRow, error)
	// Chunks gives those of the stream with the number, in order.
	Chunks(stream int64, take func(*store.Chunk)) error
	// Audit tells the first and last number of a mesh's audit, and how many lines are numbered.
	Audit(mesh int64) (first, last, count uint64, err error)
	// Records: the row of a mesh has the number of the last line of its audit.
	Records() bool
}

// Stream is a stream with its row.
type Stream struct {
	Name wire.Stream
	Row  store.StreamRow
}

// Run looks at the database itself, the chains of rosters and their heads, positions, checksums and contents of chunks, what is
// counted of them, counters, cursors and the audit. An error means that the store could not be read at all.
func Run(source Source) (Report, error) {
	c := &checker{Source: source, report: Report{Problems: []Problem{}}, kept: store.NewKept()}
	err := c.check()
	if err != nil && source.Damaged(err) { // no more can be read
		c.mesh = wire.MeshID{}
		c.problem("", "%v", err)
		err = nil
	}
	return c.report, err
}

type checker struct {
	Source
	report Report
	kept   *store.Kept
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

// orphans are rows that belong to nothing, as queries that SQLite and PostgreSQL take.
var orphans = []struct{ what, sql string }{
	{"streams", "SELECT count(*) FROM stream WHERE mesh NOT IN (SELECT number FROM mesh)"},
	{"chunks", "SELECT count(*) FROM chunk WHERE stream NOT IN (SELECT number FROM stream)"},
	{"counters", "SELECT count(*) FROM counter WHERE mesh NOT IN (SELECT number FROM mesh)"},
	{"cursors", "SELECT count(*) FROM cursor WHERE stream NOT IN (SELECT number FROM stream WHERE stream.mesh = cursor.mesh)"},
	{"sessions", "SELECT count(*) FROM session WHERE mesh NOT IN (SELECT number FROM mesh)"},
	{"invites", "SELECT count(*) FROM invite WHERE mesh NOT IN (SELECT number FROM mesh)"},
	{"lines of the audit", "SELECT count(*) FROM audit WHERE mesh NOT IN (SELECT number FROM mesh)"},
}

func (c *checker) check() (err error) {
	if err := c.Inspect(func(text string) { c.problem("", "%s", text) }); err != nil {
		return err
	}
	if c.report.Generation, err = c.Generation(); err != nil {
		return err
	}
	for _, orphan := range orphans {
		n, err := c.Count(orphan.sql)
		if err != nil {
			return err
		}
		if n > 0 {
			c.problem("", "%d %s belong to nothing", n, orphan.what)
		}
	}
	ids, err := c.Meshes()
	for _, id := range ids {
		if err == nil {
			err = c.checkMesh(id)
		}
	}
	return err
}

func (c *checker) checkMesh(id wire.MeshID) error {
	c.mesh = id
	c.report.Meshes++
	row, err := c.Mesh(id)
	if err != nil {
		return err
	}
	c.number = row.Number
	stored, err := c.Counters(row.Number)
	if err != nil {
		return err
	}
	counters := make(map[wire.DeviceID]uint64, len(stored))
	for _, counter := range stored {
		counters[counter.Device] = counter.Last
	}
	heads := make(map[wire.Stream]wire.Position)
	streams, err := c.Streams(row.Number)
	for i := range streams {
		if err == nil {
			heads[streams[i].Name] = streams[i].Row.Head
			err = c.checkStream(&streams[i], row, counters)
		}
	}
	if err != nil {
		return err
	}
	cursors, err := c.Cursors(row.Number)
	for _, cursor := range cursors {
		if cursor.Position > heads[cursor.Stream] {
			c.problem(label(cursor.Stream), "the cursor of device %s is at %d, and the head at %d", cursor.Device, cursor.Position, heads[cursor.Stream])
		}
	}
	for _, counter := range stored {
		if is := c.kept.Senders[store.Sender{Mesh: row.Number, Device: counter.Device}]; counter.Bytes != is {
			c.problem("", "device %s is counted with %d bytes, and chunks hold %d", counter.Device, counter.Bytes, is)
		}
	}
	if heads[wire.RosterStream(id)] == 0 {
		c.problem("", "the mesh has no roster")
	}
	if err != nil {
		return err
	}
	return c.checkAudit(row)
}

func (c *checker) checkAudit(row store.MeshRow) error {
	first, last, count, err := c.Audit(row.Number)
	if err != nil {
		return err
	}
	if count > 0 && last-first+1 != count {
		c.problem("", "the audit has %d lines from %d to %d", count, first, last)
	}
	if c.Records() && last != row.Record {
		c.problem("", "the last line of the audit is %d, and %d were written", last, row.Record)
	}
	return nil
}
