package storetest

import (
	"fmt"
	"slices"
	"sync"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// records reads the whole audit of a mesh, in pages.
func (s *suite) records(m wire.MeshID) (all []store.Record) {
	s.Helper()
	for after := uint64(0); ; after = all[len(all)-1].Number {
		page, err := s.store.Audit(s.Context(), m, after, 4)
		if err != nil {
			s.Fatalf("Audit: %v", err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// wantRecords checks the numbers of a mesh's records and the times beside them.
func (s *suite) wantRecords(what string, m wire.MeshID, want ...[2]uint64) {
	s.Helper()
	var got [][2]uint64
	for _, r := range s.records(m) {
		got = append(got, [2]uint64{r.Number, r.Time})
	}
	s.want(what, got, want)
}

// drop drops all records of before a time, so many at once, and gives how many.
func (s *suite) drop(before uint64, limit int) (dropped int) {
	s.Helper()
	for {
		n, err := s.store.DropRecords(s.Context(), before, limit)
		if err != nil {
			s.Fatalf("DropRecords: %v", err)
		}
		if n > limit {
			s.Fatalf("%d records went, and %d at most were to", n, limit)
		}
		if n == 0 {
			return dropped
		}
		dropped += n
	}
}

// timed is an append at a time.
func timed(counter, time uint64) *mesh.AppendEnvelope {
	op := envelope("x", counter, inbox("b"), "text")
	op.Time = time
	return op
}

// droppedRecords: of every mesh what is old goes, and what is left keeps its numbers; they go on where they were, whether what
// went was ever read or not.
func droppedRecords(s *suite) {
	read, unread, young := s.found("read"), s.found("unread"), s.found("young")
	for n := range uint64(5) {
		s.done(read, timed(n+1, 1001+n))
		s.done(unread, timed(n+1, 1001+n))
		s.done(young, timed(n+1, 5000+n))
	}
	s.wantRecords("before", read, [2]uint64{1, 1}, [2]uint64{2, 1001}, [2]uint64{3, 1002}, [2]uint64{4, 1003}, [2]uint64{5, 1004}, [2]uint64{6, 1005})
	s.want("nothing is so old", s.drop(1, 100), 0)
	s.want("the beginnings", s.drop(2, 1), 3)
	s.wantRecords("without its beginning", young, [2]uint64{2, 5000}, [2]uint64{3, 5001}, [2]uint64{4, 5002}, [2]uint64{5, 5003}, [2]uint64{6, 5004})
	one, err := s.store.DropRecords(s.Context(), 1003, 1)
	s.want("one", []any{one, err}, []any{1, nil})
	s.want("the rest", s.drop(1003, 2), 3)
	for range 2 {
		s.wantRecords("begins above", read, [2]uint64{4, 1003}, [2]uint64{5, 1004}, [2]uint64{6, 1005})
		s.reopen()
	}
	if part, err := s.store.Audit(s.Context(), read, 4, 1); err != nil || len(part) != 1 || part[0].Number != 5 {
		s.Errorf("from within: %+v %v, want the record 5", part, err)
	}

	s.want("what nobody read goes too, and the other mesh wholly", s.drop(1006, 4), 6)
	s.wantRecords("nothing is left", read)
	s.done(read, timed(6, 1010))
	s.done(unread, timed(6, 1011))
	s.want("before it was read", s.drop(1011, 9), 1)
	s.reopen()
	s.done(read, timed(7, 1012))
	for range 2 {
		s.wantRecords("after all went", read, [2]uint64{8, 1012})
		s.wantRecords("read first after some went", unread, [2]uint64{7, 1011})
		s.reopen()
	}
	s.want("messages", len(s.texts(read, inbox("b"), 0)), 7)

	// A clock that went back.
	back := s.found("back")
	for n, time := range []uint64{100, 9000, 200, 300} {
		s.done(back, timed(uint64(n+1), time))
	}
	s.want("to the younger one", s.drop(400, 9), 2)
	s.wantRecords("behind the younger one", back, [2]uint64{3, 9000}, [2]uint64{4, 200}, [2]uint64{5, 300})
	s.want("with all else", s.drop(9001, 2), 3+1+1+5)
	s.wantRecords("nothing waits", back)

	// More meshes than are looked at once.
	many := make([]wire.MeshID, 150)
	for i := range many {
		many[i] = s.found(fmt.Sprint("many ", i))
		s.done(many[i], timed(1, 2000))
	}
	s.want("of many meshes", s.drop(2, 100), len(many))
	for _, m := range many {
		s.wantRecords("of many", m, [2]uint64{2, 2000})
	}
	s.want("of many meshes, all", s.drop(3000, 7), len(many))
}

// dropsAtOnce: all nodes drop records while others write and read them. Each goes once, and no number is given twice.
func dropsAtOnce(n *nodes) {
	meshes := []wire.MeshID{n.found("a"), n.found("b")}
	const rounds = 60
	var writers, others sync.WaitGroup
	ended := make(chan struct{})
	seen := make([]map[string]uint64, len(meshes)) // numbers that records of mesh i were read with, by what they tell
	dropped := make([]int, len(n.each))
	for i, m := range meshes {
		writers.Go(func() {
			for count := range uint64(rounds) {
				op := envelope("x", count+1, inbox("b"), "text")
				op.Time = 1000 + count
				if v := n.over(i+1).do(m, op); v[0].Outcome != mesh.Done {
					n.Errorf("a send got outcome %d", v[0].Outcome)
				}
			}
		})
		seen[i] = make(map[string]uint64)
		others.Go(func() {
			for last := false; !last; {
				select {
				case <-ended:
					last = true
				default:
				}
				page, err := n.each[0].Audit(n.Context(), m, 0, 5)
				if err != nil {
					n.Errorf("Audit: %v", err)
					return
				}
				for _, r := range page {
					at := fmt.Sprint(r.Time, r.Position)
					if before := seen[i][at]; before != 0 && before != r.Number {
						n.Errorf("a record had the number %d and has %d", before, r.Number)
					}
					seen[i][at] = r.Number
				}
			}
		})
	}
	for i, node := range n.each {
		others.Go(func() {
			for last := false; !last; {
				select {
				case <-ended:
					last = true
				default:
				}
				went, err := node.DropRecords(n.Context(), 1000+rounds/2, 3)
				if err != nil {
					n.Errorf("DropRecords: %v", err)
					return
				}
				dropped[i] += went
			}
		})
	}
	writers.Wait()
	close(ended)
	others.Wait()
	total := n.drop(1000+rounds/2, 100)
	for _, went := range dropped {
		total += went
	}
	n.want("all that was old went, once", total, len(meshes)*(1+rounds/2))
	for i, m := range meshes {
		records := n.records(m)
		n.want("what is left", len(records), rounds-rounds/2)
		for j, r := range records {
			n.want("its number", r.Number, 2+rounds/2+j)
		}
		var numbers []uint64
		for _, number := range seen[i] {
			numbers = append(numbers, number)
		}
		slices.Sort(numbers)
		n.want("numbers that were read", len(slices.Compact(numbers)), len(seen[i]))
	}
}
