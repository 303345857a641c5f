package storetest

import (
	"sync"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

func create(s *suite) {
	if _, err := s.store.Load(s.Context(), id("no mesh")); wire.CodeOf(err) != wire.CodeUnknownMesh {
		s.Errorf("Load of no mesh: %v, want %s", err, wire.CodeUnknownMesh)
	}
	m := wire.MeshID(id("mesh a"))
	op := &mesh.CreateMesh{Head: head(2), Author: device("owner"), Statements: [][]byte{[]byte("genesis"), []byte("profile")}, Time: 5}
	v := s.done(m, op)
	if len(v.Places) != 2 || v.Places[0].Previous != 0 || v.Places[0].Position == 0 || v.Places[1].Previous != v.Places[0].Position || v.Places[1].Position <= v.Places[0].Position {
		s.Fatalf("places %+v", v.Places)
	}
	s.wantOutcomes("created again", s.do(m, &mesh.CreateMesh{Head: head(9), Statements: [][]byte{[]byte("other")}}), mesh.Exists)
	for range 2 {
		snapshot := s.load(m)
		s.want("mesh", snapshot.Mesh, m)
		s.want("roster", snapshot.Roster, []mesh.Entry{
			{Position: v.Places[0].Position, Time: 5, Sender: device("owner"), Bytes: []byte("genesis")},
			{Position: v.Places[1].Position, Previous: v.Places[1].Previous, Time: 5, Sender: device("owner"), Bytes: []byte("profile")},
		})
		s.want("heads", snapshot.Heads, []mesh.StreamHead{{
			Stream: wire.RosterStream(m), Position: v.Places[1].Position, Kept: mesh.Amount{Count: 2, Bytes: 2*mesh.EntryOverhead + 14}, Oldest: 5,
		}})
		s.reopen()
	}
	s.wantOutcomes("an append to no mesh", s.do(id("no mesh"), envelope("a", 1, inbox("b"), "x")), mesh.Stale)
	s.wantOutcomes("an append to the head of the last statement", s.do(m, statement(2, "third")), mesh.Done)
}

func positions(s *suite) {
	m := s.found("a")
	var last wire.Position
	for n := range uint64(3) {
		op := envelope("a", n+1, inbox("b"), "text")
		op.Entries = append(op.Entries, mesh.NewEntry{Stream: inbox("c"), Envelope: []byte("copy")})
		v := s.done(m, op)
		if len(v.Places) != 2 || v.Places[0].Previous != last || v.Places[0].Position <= last {
			s.Fatalf("places %+v after %d", v.Places, last)
		}
		last = v.Places[0].Position
		if last > wire.MaxPosition {
			s.Fatalf("position %d is over the bound", last)
		}
	}
	s.want("stream", s.texts(m, inbox("b"), 0), []string{"text", "text", "text"})
	s.want("from the second on", len(s.texts(m, inbox("b"), last-2)), 2)
	s.want("behind the end", s.texts(m, inbox("b"), last), []string(nil))
	s.want("far behind the end", s.texts(m, inbox("b"), wire.MaxPosition), []string(nil))
}

func generations(s *suite) {
	m := s.found("a")
	first := s.done(m, envelope("a", 1, inbox("b"), "one")).Places[0]
	s.reopen() // at the same moment
	second := s.done(m, envelope("a", 2, inbox("b"), "two")).Places[0]
	if second.Position.Generation() <= first.Position.Generation() || second.Previous != first.Position {
		s.Errorf("after a restart position %+v follows %+v; the generation must rise", second, first)
	}
	s.now = s.now.AddDate(0, 0, 1)
	s.reopen()
	third := s.done(m, envelope("a", 3, inbox("b"), "three")).Places[0]
	if want := wire.NextGeneration(second.Position.Generation(), s.now); third.Position.Generation() != want {
		s.Errorf("a day later the generation is %d, want %d", third.Position.Generation(), want)
	}
	s.want("stream", s.texts(m, inbox("b"), 0), []string{"one", "two", "three"})
	s.want("after the first", s.texts(m, inbox("b"), first.Position), []string{"two", "three"})
}

func rosterHead(s *suite) {
	m := s.found("a")
	v := s.do(m, statement(0, "one"), statement(0, "again on the same head"), statement(1, "two"))
	s.wantOutcomes("statements", v, mesh.Done, mesh.Stale, mesh.Done)
	s.wantOutcomes("an envelope judged by an old roster", s.do(m, envelope("a", 1, inbox("b"), "old")), mesh.Stale)
	fresh := envelope("a", 1, inbox("b"), "new")
	fresh.Head = head(2)
	s.wantOutcomes("an envelope judged by the present one", s.do(m, fresh), mesh.Done)
	late := statement(2, "three")
	after := envelope("a", 2, inbox("b"), "behind it in the batch")
	after.Head = head(3)
	s.wantOutcomes("a statement and what follows it", s.do(m, late, after), mesh.Done, mesh.Done)
	s.want("roster", s.texts(m, wire.RosterStream(m), 0), []string{"genesis of a", "one", "two", "three"})
	s.want("inbox", s.texts(m, inbox("b"), 0), []string{"new", "behind it in the batch"})
	s.reopen()
	s.wantOutcomes("after a restart", s.do(m, statement(2, "stale")), mesh.Stale)
}

// counters: what makes a retry never a second message.
func counters(s *suite) {
	m := s.found("a")
	s.done(m, after(0, envelope("a", 5, inbox("b"), "wrong")))
	for range 2 {
		v := s.do(m, after(0, envelope("a", 5, inbox("b"), "the same again")), after(5, envelope("a", 4, inbox("b"), "an older one")),
			after(5, envelope("a", 5, inbox("b"), "not higher")), after(7, envelope("a", 9, inbox("b"), "one is missing")))
		s.wantOutcomes("repeats and holes", v, mesh.Resume, mesh.Resume, mesh.Resume, mesh.Resume)
		for _, verdict := range v {
			s.want("last", verdict.Last, 5)
		}
		s.reopen()
	}
	s.want("stream", s.texts(m, inbox("b"), 0), []string{"wrong"})
	s.want("counters", s.load(m).Counters, []mesh.Counter{{Device: device("a"), Last: 5, Bytes: size("wrong")}})
	s.wantOutcomes("another device counts for itself", s.do(m, envelope("c", 1, inbox("b"), "c's")), mesh.Done)
	s.wantOutcomes("the largest counter", s.do(m, after(5, envelope("a", wire.MaxCounter, inbox("b"), "last"))), mesh.Done)
}

func order(s *suite) {
	m := s.found("a")
	v := s.do(m, envelope("a", 1, inbox("b"), "1"), envelope("a", 1, inbox("b"), "1 again"), envelope("a", 2, inbox("b"), "2"), envelope("c", 1, inbox("b"), "c"))
	s.wantOutcomes("batch", v, mesh.Done, mesh.Resume, mesh.Done, mesh.Done)
	s.want("last", v[1].Last, 1)
	if v[2].Places[0].Previous != v[0].Places[0].Position || v[3].Places[0].Previous != v[2].Places[0].Position {
		s.Errorf("places %+v do not follow each other", v)
	}
	s.want("stream", s.texts(m, inbox("b"), 0), []string{"1", "2", "c"})
	page := s.read(m, inbox("b"), 0, 1<<20)
	s.want("senders", []wire.DeviceID{page.Entries[0].Sender, page.Entries[2].Sender}, []wire.DeviceID{device("a"), device("c")})
	s.want("times", []uint64{page.Entries[0].Time, page.Entries[1].Time}, []uint64{1001, 1002})
}

func severalMeshes(s *suite) {
	a, b := s.found("a"), s.found("b")
	v := s.commit(
		mesh.Batch{Mesh: a, Ops: []mesh.Op{envelope("x", 1, inbox("i"), "a1")}},
		mesh.Batch{Mesh: b, Ops: []mesh.Op{after(2, envelope("x", 3, inbox("i"), "b1")), envelope("x", 1, inbox("i"), "b2")}},
		mesh.Batch{Mesh: a, Ops: []mesh.Op{envelope("x", 2, inbox("i"), "a2")}},
	)
	s.wantOutcomes("first", v[0], mesh.Done)
	s.wantOutcomes("second", v[1], mesh.Resume, mesh.Done)
	s.wantOutcomes("third, of the first mesh again", v[2], mesh.Done)
	s.want("a", s.texts(a, inbox("i"), 0), []string{"a1", "a2"})
	s.want("b", s.texts(b, inbox("i"), 0), []string{"b2"})
}

// apart: the same ids in two meshes never meet.
func apart(s *suite) {
	a, b := s.found("a"), s.found("b")
	s.done(a, envelope("x", 1, inbox("i"), "in a"))
	s.done(a, &mesh.MoveCursor{Device: device("x"), Stream: inbox("i"), Position: 3})
	s.done(a, &mesh.PutSession{Session: mesh.SessionRow{Device: device("x"), Session: wire.SessionID{1}, State: wire.StateOnline}})
	s.done(a, invite(0, "i", 1, "CODE0001"))
	s.want("the stream of the same name in b", s.texts(b, inbox("i"), 0), []string(nil))
	s.want("the roster of a, asked of b", s.texts(b, wire.RosterStream(a), 0), []string(nil))
	s.wantOutcomes("the counter in b", s.do(b, envelope("x", 1, inbox("i"), "in b")), mesh.Done)
	s.done(b, &mesh.DropSession{Device: device("x"), Session: wire.SessionID{1}})
	s.done(b, &mesh.ForgetDevice{Device: device("x")})
	s.done(b, &mesh.Trim{Stream: inbox("i"), Before: 1 << 50})
	s.wantOutcomes("an invite of a used in b", s.do(b, use(0, "i")), mesh.Exhausted)
	s.want("a's stream", s.texts(a, inbox("i"), 0), []string{"in a"})
	got := s.load(a)
	s.want("a's cursors and sessions", []int{len(got.Cursors), len(got.Sessions), len(got.Codes)}, []int{1, 1, 1})
	other := s.load(b)
	s.want("b's cursors and sessions", []int{len(other.Cursors), len(other.Sessions), len(other.Codes)}, []int{0, 0, 0})
	if _, err := s.store.Read(s.Context(), id("no mesh"), inbox("i"), 0, 1); err != nil {
		s.Errorf("Read of no mesh: %v", err)
	}
}

// concurrent: readers see whole commits, in order, while others write.
func concurrent(s *suite) {
	m := s.found("a")
	const devices, sends = 4, 25
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	for d := range devices {
		writers.Go(func() {
			for n := range uint64(sends) {
				op := envelope(string(rune('a'+d)), n+1, inbox("b"), "text")
				op.Entries = append(op.Entries, mesh.NewEntry{Stream: inbox("c"), Envelope: []byte("text")})
				if v, err := s.store.Commit(s.Context(), []mesh.Batch{{Mesh: m, Ops: []mesh.Op{op}}}); err != nil || v[0][0].Outcome != mesh.Done {
					s.Errorf("Commit: %v %v", v, err)
				}
			}
		})
		readers.Go(func() {
			var last wire.Position
			for {
				select {
				case <-written:
					return
				default:
				}
				page, err := s.store.Read(s.Context(), m, inbox("b"), last, 500)
				if err != nil || len(page.Entries) > 0 && page.Entries[0].Previous != last {
					s.Errorf("Read behind %d: %+v %v", last, page, err)
					return
				}
				last = page.Last(last)
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-written:
					return
				default:
				}
				snapshot, err := s.store.Load(s.Context(), m)
				if err != nil {
					s.Errorf("Load: %v", err)
					return
				}
				var sent uint64
				for _, c := range snapshot.Counters {
					sent += c.Last
				}
				for _, h := range snapshot.Heads {
					if h.Stream.Kind == wire.StreamInbox && uint64(h.Position)&0xffff != sent {
						s.Errorf("a load sees %d sends and stream %v at %d", sent, h.Stream.Kind, h.Position)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
	s.want("entries", len(s.texts(m, inbox("b"), 0)), devices*sends)
}

func closed(s *suite) {
	m := s.found("a")
	if err := s.store.Ready(s.Context()); err != nil {
		s.Errorf("Ready: %v", err)
	}
	if err := s.store.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
	_, commit := s.store.Commit(s.Context(), []mesh.Batch{{Mesh: m, Ops: []mesh.Op{statement(0, "x")}}})
	_, load := s.store.Load(s.Context(), m)
	_, read := s.store.Read(s.Context(), m, inbox("b"), 0, 1)
	_, find := s.store.Invite(s.Context(), "CODE0001")
	_, records := s.store.Audit(s.Context(), m, 0, 1)
	_, drop := s.store.DropRecords(s.Context(), 1, 1)
	for name, err := range map[string]error{"Commit": commit, "Load": load, "Read": read, "Invite": find, "Audit": records, "DropRecords": drop, "Ready": s.store.Ready(s.Context())} {
		if wire.CodeOf(err) != wire.CodeUnavailable {
			s.Errorf("%s of a closed store: %v, want %s", name, err, wire.CodeUnavailable)
		}
	}
}
