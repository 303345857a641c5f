// Package storetest is the conformance suite of relay stores: what relay/store promises, checked from outside.
//
// What it does not do: faults of disks. Each store tests its own.
package storetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Open gives a store at a time: an empty one, or where before is not nil, what that one had committed, after it was closed.
// The suite closes what it opened last.
type Open func(t testing.TB, now time.Time, before store.Store) store.Store

// Run checks a store.
func Run(t *testing.T, open Open) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(begin(t, open)) })
	}
}

type check struct {
	name string
	run  func(*suite)
}

var checks = []check{
	{"create", create},
	{"positions", positions},
	{"generations", generations},
	{"roster head", rosterHead},
	{"counters", counters},
	{"order within a commit", order},
	{"several meshes in a commit", severalMeshes},
	{"meshes apart", apart},
	{"pages", pages},
	{"large entries", large},
	{"trim and gap", gaps},
	{"what a trim takes", trims},
	{"what is kept", kept},
	{"meshes that keep old things", aged},
	{"whose envelope stands where", whose},
	{"invite codes", codes},
	{"invite uses", uses},
	{"cursors", cursors},
	{"sessions", sessions},
	{"forgotten device", forgotten},
	{"audit", audit},
	{"what of the audit is dropped", droppedRecords},
	{"borrowed bytes", borrowed},
	{"readers beside a writer", concurrent},
	{"closed", closed},
}

// suite is one check on one store.
type suite struct {
	testing.TB
	open  Open
	store store.Store
	now   time.Time
}

func begin(t testing.TB, open Open) *suite {
	s := &suite{TB: t, open: open, now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)}
	s.store = open(t, s.now, nil)
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// reopen stands for a restart.
func (s *suite) reopen() {
	s.Helper()
	if err := s.store.Close(); err != nil {
		s.Fatalf("Close: %v", err)
	}
	s.store = s.open(s.TB, s.now, s.store)
}

// id is a made-up id of a name.
func id(name string, args ...any) (id [wire.IDSize]byte) {
	return wire.HashOf("storetest", fmt.Appendf(nil, name, args...))
}

func (s *suite) commit(batches ...mesh.Batch) [][]mesh.Verdict {
	s.Helper()
	verdicts, err := s.store.Commit(s.Context(), batches)
	if err != nil {
		s.Fatalf("Commit: %v", err)
	}
	if len(verdicts) != len(batches) {
		s.Fatalf("Commit of %d batches gave %d answers", len(batches), len(verdicts))
	}
	for i := range batches {
		if len(verdicts[i]) != len(batches[i].Ops) {
			s.Fatalf("a batch of %d ops got %d verdicts", len(batches[i].Ops), len(verdicts[i]))
		}
	}
	return verdicts
}

// do commits ops of one mesh.
func (s *suite) do(m wire.MeshID, ops ...mesh.Op) []mesh.Verdict {
	s.Helper()
	return s.commit(mesh.Batch{Mesh: m, Ops: ops})[0]
}

// done is do for a single op that must succeed.
func (s *suite) done(m wire.MeshID, op mesh.Op) mesh.Verdict {
	s.Helper()
	v := s.do(m, op)[0]
	if v.Outcome != mesh.Done {
		s.Fatalf("%T got outcome %d, want done", op, v.Outcome)
	}
	return v
}

// found makes a mesh of a name, with one statement and the head "0".
func (s *suite) found(name string) wire.MeshID {
	s.Helper()
	m := wire.MeshID(id("mesh %s", name))
	s.done(m, &mesh.CreateMesh{Head: head(0), Author: wire.DeviceID(id("owner")), Statements: [][]byte{[]byte("genesis of " + name)}, Time: 1})
	return m
}

func head(n int) wire.Head             { return id("head %d", n) }
func device(name string) wire.DeviceID { return id("device %s", name) }
func inbox(name string) wire.Stream    { return wire.InboxStream(id("member %s", name)) }

// envelope is an append of one text to one stream, on head 0.
func envelope(from string, counter uint64, to wire.Stream, text string) *mesh.AppendEnvelope {
	return &mesh.AppendEnvelope{
		Head: head(0), Device: device(from), After: counter - 1, Counter: counter, Time: 1000 + counter,
		Entries: []mesh.NewEntry{{Stream: to, Envelope: []byte(text)}},
	}
}

// after is an append that follows another counter than the one below its own.
func after(last uint64, op *mesh.AppendEnvelope) *mesh.AppendEnvelope {
	op.After = last
	return op
}

func statement(after int, text string) *mesh.AppendStatement {
	return &mesh.AppendStatement{After: head(after), Head: head(after + 1), Author: device("author"), Statement: []byte(text), Time: 7}
}

func (s *suite) read(m wire.MeshID, stream wire.Stream, after wire.Position, maxBytes int) mesh.Page {
	s.Helper()
	page, err := s.store.Read(s.Context(), m, stream, after, maxBytes)
	if err != nil {
		s.Fatalf("Read: %v", err)
	}
	return page
}

// texts reads a stream to its end and checks that positions rise, that each entry names the one before it, and that a page is
// never empty while more is left.
func (s *suite) texts(m wire.MeshID, stream wire.Stream, after wire.Position) (texts []string) {
	s.Helper()
	previous := after
	for {
		page := s.read(m, stream, previous, 100)
		if page.Gap != nil {
			texts = append(texts, "gap")
			previous = page.Gap.To
		}
		for _, e := range page.Entries {
			if e.Position <= previous || e.Previous != previous && previous != 0 || e.Previous >= e.Position {
				s.Fatalf("entry %q at %d names %d before it, after %d", e.Bytes, e.Position, e.Previous, previous)
			}
			previous = e.Position
			texts = append(texts, string(e.Bytes))
		}
		if !page.More {
			return texts
		}
		if len(page.Entries) == 0 && page.Gap == nil {
			s.Fatalf("an empty page says that more follows")
		}
	}
}

func (s *suite) load(m wire.MeshID) mesh.Snapshot {
	s.Helper()
	snapshot, err := s.store.Load(s.Context(), m)
	if err != nil {
		s.Fatalf("Load: %v", err)
	}
	return snapshot
}

func (s *suite) want(what string, got, want any) {
	s.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		s.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func (s *suite) wantOutcomes(what string, verdicts []mesh.Verdict, want ...mesh.Outcome) {
	s.Helper()
	var got []mesh.Outcome
	for _, v := range verdicts {
		got = append(got, v.Outcome)
	}
	s.want(what, got, want)
}

func repeat(n int) []byte { return bytes.Repeat([]byte{'x'}, n) }
