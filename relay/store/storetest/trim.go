package storetest

import (
	"fmt"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// size is what an entry of a text takes.
func size(text string) uint64 { return uint64(mesh.EntryOverhead + len(text)) }

// chunks commits sends of a device to b's inbox, so many in each commit, and gives their positions.
func (s *suite) chunks(m wire.MeshID, from string, sizes ...int) (at []wire.Position) {
	counter := uint64(0)
	for _, size := range sizes {
		var ops []mesh.Op
		for range size {
			counter++
			ops = append(ops, envelope(from, counter, inbox("b"), fmt.Sprint(counter)))
		}
		for _, v := range s.do(m, ops...) {
			at = append(at, v.Places[0].Position)
		}
	}
	return at
}

// trims: each reason alone takes whole chunks, the oldest first, and never one that it does not cover wholly.
func trims(s *suite) {
	// Chunks of 2, 3 and 2 entries, with the times 1001 and 1002, 1003 to 1005, 1006 and 1007.
	for i, c := range []struct {
		what string
		op   mesh.Trim
		left []string
	}{
		{"nothing", mesh.Trim{}, []string{"1", "2", "3", "4", "5", "6", "7"}},
		{"age, of a chunk's last entry", mesh.Trim{Before: 1002}, []string{"1", "2", "3", "4", "5", "6", "7"}},
		{"age, of one chunk", mesh.Trim{Before: 1003}, []string{"gap", "3", "4", "5", "6", "7"}},
		{"age, of two chunks", mesh.Trim{Before: 1006}, []string{"gap", "6", "7"}},
		{"count", mesh.Trim{Keep: mesh.Amount{Count: 3}}, []string{"gap", "3", "4", "5", "6", "7"}},
		{"count, to the entry", mesh.Trim{Keep: mesh.Amount{Count: 2}}, []string{"gap", "6", "7"}},
		{"bytes, one too few", mesh.Trim{Keep: mesh.Amount{Bytes: 5*size("1") + 1}}, []string{"1", "2", "3", "4", "5", "6", "7"}},
		{"bytes", mesh.Trim{Keep: mesh.Amount{Bytes: 5 * size("1")}}, []string{"gap", "3", "4", "5", "6", "7"}},
		{"the reason that takes most", mesh.Trim{Before: 1003, Keep: mesh.Amount{Count: 6, Bytes: 2 * size("1")}}, []string{"gap", "6", "7"}},
		{"all", mesh.Trim{Before: 1 << 50}, []string{"gap"}},
	} {
		m := s.found(fmt.Sprint("trimmed ", i))
		at := s.chunks(m, "a", 2, 3, 2)
		c.op.Stream, c.op.Time = inbox("b"), 2000
		gone := s.done(m, &c.op).Trimmed
		s.want(c.what, s.texts(m, inbox("b"), 0), c.left)
		n := uint64(7 - len(c.left))
		if n > 0 || len(c.left) == 1 {
			n++
		}
		var want mesh.Trimmed
		if c.left[0] == "gap" {
			want = mesh.Trimmed{To: at[n-1], Amount: mesh.Amount{Count: n, Bytes: n * size("1")}, Freed: []mesh.Freed{{Device: device("a"), Bytes: n * size("1")}}}
		} else {
			n = 0
		}
		if n < 7 {
			want.Oldest = map[uint64]uint64{0: 1002, 2: 1005, 5: 1007}[n]
		}
		s.want(c.what+": what it tells", *gone, want)
	}
	m := s.found("roster")
	if _, err := s.store.Commit(s.Context(), []mesh.Batch{{Mesh: m, Ops: []mesh.Op{&mesh.Trim{Stream: wire.RosterStream(m), Before: 1 << 50}}}}); err == nil {
		s.Errorf("a roster was trimmed")
	}
	s.want("the roster", len(s.load(m).Roster), 1)
}

// kept: a load tells how much is kept of each stream and of what each device sent, whatever came and went.
func kept(s *suite) {
	m := s.found("a")
	at := s.chunks(m, "a", 2, 3)
	s.do(m, envelope("c", 1, inbox("b"), "from c"), envelope("c", 2, inbox("d"), "to d"))
	check := func(what string, b mesh.Amount, oldest, ofA, ofC uint64) {
		s.Helper()
		for range 2 {
			got := s.load(m)
			for _, head := range got.Heads {
				switch head.Stream {
				case inbox("b"):
					s.want(what+": b's inbox", []any{head.Kept, head.Oldest}, []any{b, oldest})
				case inbox("d"):
					s.want(what+": d's inbox", []any{head.Kept, head.Oldest}, []any{mesh.Amount{Count: 1, Bytes: size("to d")}, 1002})
				}
			}
			for _, counter := range got.Counters {
				s.want(what+": bytes of a device", counter.Bytes, map[wire.DeviceID]uint64{device("a"): ofA, device("c"): ofC}[counter.Device])
			}
			s.reopen()
		}
	}
	one, fromC, toD := size("1"), size("from c"), size("to d")
	check("before", mesh.Amount{Count: 6, Bytes: 5*one + fromC}, 1002, 5*one, fromC+toD)
	s.done(m, &mesh.Trim{Stream: inbox("b"), Keep: mesh.Amount{Count: 4}})
	check("after a trim", mesh.Amount{Count: 4, Bytes: 3*one + fromC}, 1005, 3*one, fromC+toD)
	s.done(m, &mesh.Trim{Stream: inbox("b"), Before: 1 << 50})
	check("emptied", mesh.Amount{}, 0, 0, toD)
	v := s.do(m, envelope("a", 6, inbox("b"), "6"), &mesh.Trim{Stream: inbox("b"), Before: 1 << 50}, envelope("a", 7, inbox("b"), "7"))
	s.want("a trim within a batch", v[1].Trimmed.Amount, mesh.Amount{Count: 1, Bytes: one})
	check("filled again", mesh.Amount{Count: 1, Bytes: one}, 1007, one, toD)
	s.want("who is behind", s.texts(m, inbox("b"), at[2]), []string{"gap", "7"})
}

// aged: who keeps something old is named, until it is trimmed; rosters do not count.
func aged(s *suite) {
	a, b := s.found("a"), s.found("b")
	s.found("only a roster")
	s.done(a, envelope("x", 1, inbox("b"), "at 1001"))
	s.done(b, after(0, envelope("x", 9, inbox("c"), "at 1009")))
	ask := func(before uint64, limit int, want ...wire.MeshID) {
		s.Helper()
		got, err := s.store.Aged(s.Context(), before, limit)
		s.want(fmt.Sprintf("before %d, %d at most", before, limit), []any{got, err}, []any{want, nil})
	}
	for range 2 {
		ask(1001, 9)
		ask(1002, 9, a)
		ask(1010, 9, a, b)
		ask(1010, 1, a)
		s.reopen()
	}
	s.done(a, &mesh.Trim{Stream: inbox("b"), Before: 2000})
	ask(1<<50, 9, b)
}
