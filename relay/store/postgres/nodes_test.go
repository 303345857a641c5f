//go:build unix

package postgres

import (
	"fmt"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestNodes: several nodes start at once on an empty database and write the same streams of the same mesh for the same
// devices. Each counter is taken once, and positions follow each other.
func TestNodes(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	const nodes, devices, counters = 3, 4, 30
	stores := make([]*Store, nodes)
	var opening sync.WaitGroup
	for i := range stores {
		opening.Go(func() {
			var err error
			if stores[i], err = Open(t.Context(), address, clock); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		return
	}
	for _, s := range stores {
		defer s.Close()
	}
	var created, taken int
	var mu sync.Mutex
	count := func(verdicts [][]mesh.Verdict, err error, n *int) {
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, v := range verdicts[0] {
			if v.Outcome == mesh.Done {
				*n++
			}
		}
	}
	var nodesDone sync.WaitGroup
	for i, s := range stores {
		nodesDone.Go(func() {
			verdicts, err := s.Commit(t.Context(), []mesh.Batch{found})
			count(verdicts, err, &created)
			for n := range uint64(counters) {
				batch := mesh.Batch{Mesh: meshID}
				for d := range devices {
					// Each node names the streams in another order.
					var entries []mesh.NewEntry
					for e := range 3 {
						to := wire.InboxStream(wire.MemberID{byte((i + e) % 3)})
						entries = append(entries, mesh.NewEntry{Stream: to, Envelope: fmt.Appendf(nil, "%d of %d", n+1, d)})
					}
					batch.Ops = append(batch.Ops, &mesh.AppendEnvelope{Device: wire.DeviceID{byte((i + d) % devices)}, After: n, Counter: n + 1, Entries: entries},
						&mesh.MoveCursor{Device: wire.DeviceID{byte((i + d) % devices)}, Stream: entries[0].Stream, Position: wire.Position(n + 1)})
				}
				for try := true; try; {
					verdicts, err := s.Commit(t.Context(), []mesh.Batch{batch})
					if err != nil {
						t.Error(err)
						return
					}
					try = false
					for k, v := range verdicts[0] {
						if _, ok := batch.Ops[k].(*mesh.AppendEnvelope); !ok {
							continue
						}
						if v.Outcome == mesh.Done {
							mu.Lock()
							taken++
							mu.Unlock()
						}
						// Behind the other nodes it is taken already; before them it waits for theirs.
						try = try || v.Outcome == mesh.Resume && v.Last < n
					}
				}
			}
		})
	}
	nodesDone.Wait()
	if created != 1 || taken != devices*counters {
		t.Errorf("the mesh was created %d times; %d sends were taken, want %d", created, taken, devices*counters)
	}
	for e := range 3 {
		page, err := stores[0].Read(t.Context(), meshID, wire.InboxStream(wire.MemberID{byte(e)}), 0, 1<<30)
		if err != nil || len(page.Entries) != devices*counters || page.Gap != nil || page.More {
			t.Fatalf("stream %d has %d entries, gap %v, more %t, %v", e, len(page.Entries), page.Gap, page.More, err)
		}
		var last wire.Position
		for _, entry := range page.Entries {
			if entry.Previous != last || entry.Position <= last {
				t.Fatalf("stream %d: %d follows %d, behind %d", e, entry.Position, entry.Previous, last)
			}
			last = entry.Position
		}
	}
	records, err := stores[1].Audit(t.Context(), meshID, 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if records[i].Number != uint64(i+1) {
			t.Fatalf("record %d has the number %d", i+1, records[i].Number)
		}
	}
}

// TestOneUse: of several nodes that take the last use of an invite or the same code at the same moment, one gets it.
func TestOneUse(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	stores := []*Store{open(t, address), open(t, address), open(t, address)}
	id := wire.InviteID{9}
	commit(t, stores[0], found)
	issue := &mesh.AppendStatement{Head: wire.Head{1}, Statement: []byte("i"), Invite: &mesh.NewInvite{ID: id, Uses: 1, Codes: []string{"AAAA"}}}
	commit(t, stores[0], mesh.Batch{Mesh: meshID, Ops: []mesh.Op{issue}})
	other := wire.MeshID{2}
	commit(t, stores[0], mesh.Batch{Mesh: other, Ops: []mesh.Op{&mesh.CreateMesh{Statements: [][]byte{[]byte("x")}}}})
	use := &mesh.AppendStatement{After: wire.Head{1}, Head: wire.Head{1}, Statement: []byte("join"), Use: id}
	claims := race(t, stores, func(int) mesh.Batch { return mesh.Batch{Mesh: meshID, Ops: []mesh.Op{use}} })
	if claims[mesh.Done] != 1 || claims[mesh.Exhausted] != 2 {
		t.Errorf("claims of one use ended so: %v", claims)
	}
	codes := race(t, stores, func(node int) mesh.Batch {
		// Three meshes, so that no lock but the code's stands between them.
		in := wire.MeshID{byte(10 + node)}
		return mesh.Batch{Mesh: in, Ops: []mesh.Op{
			&mesh.CreateMesh{Statements: [][]byte{[]byte("x")}},
			&mesh.AppendStatement{Head: wire.Head{1}, Statement: []byte("i"), Invite: &mesh.NewInvite{ID: id, Uses: 1, Codes: []string{"BBBB"}}},
		}}
	})
	if codes[mesh.Done] != 3+1 || codes[mesh.CodeTaken] != 2 {
		t.Errorf("three meshes and one code ended so: %v", codes)
	}
}

// race commits one batch on each node at the same moment and counts the outcomes.
func race(t *testing.T, stores []*Store, batch func(node int) mesh.Batch) map[mesh.Outcome]int {
	t.Helper()
	outcomes := make(map[mesh.Outcome]int)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i, s := range stores {
		wait.Go(func() {
			verdicts, err := s.Commit(t.Context(), []mesh.Batch{batch(i)})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, v := range verdicts[0] {
				outcomes[v.Outcome]++
			}
		})
	}
	wait.Wait()
	return outcomes
}
