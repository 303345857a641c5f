//go:build unix

package postgres

import (
	"slices"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestLocks: a commit waits for another node's transaction that moves what its verdicts rest on, and for no other.
func TestLocks(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s, other, watch := open(t, address), connect(t, address), connect(t, address)
	commit(t, s, found, sends(1, 1, 3, 10))
	send := func() mesh.Op { return sends(1, 4, 4, 10).Ops[0] }
	head := wire.Position(number(t, watch, "SELECT head FROM stream WHERE kind = 2"))
	for _, c := range []struct {
		name, held string
		op         mesh.Op
		waits      bool
		want       mesh.Verdict
	}{
		{"the roster's head, under a send", `UPDATE mesh SET head = decode(repeat('07', 32), 'hex')`, send(), true,
			mesh.Verdict{Outcome: mesh.Stale}},
		{"the roster's head, under a statement", `UPDATE mesh SET head = decode(repeat('07', 32), 'hex')`, &mesh.AppendStatement{Statement: []byte("x")}, true,
			mesh.Verdict{Outcome: mesh.Stale}},
		{"the sender's counter", "UPDATE counter SET last = 9", send(), true,
			mesh.Verdict{Outcome: mesh.Resume, Last: 9}},
		{"a new mesh", `INSERT INTO mesh (id, head) VALUES (decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'))`, &mesh.CreateMesh{Statements: [][]byte{[]byte("x")}}, true,
			mesh.Verdict{Outcome: mesh.Exists}},
		{"a stream's head", "UPDATE stream SET head = head + 5 WHERE kind = 2", send(), true,
			mesh.Verdict{Outcome: mesh.Done, Places: []mesh.Place{{Position: head + 6, Previous: head + 5}}}},
		{"another sender's counter", "INSERT INTO counter SELECT number, '\\x09', 1, 0 FROM mesh LIMIT 1", sends(1, 5, 5, 10).Ops[0], false,
			mesh.Verdict{Outcome: mesh.Done, Places: []mesh.Place{{Position: head + 7, Previous: head + 6}}}},
		{"another send in the mesh", "SELECT number FROM mesh FOR SHARE", sends(1, 6, 6, 10).Ops[0], false,
			mesh.Verdict{Outcome: mesh.Done, Places: []mesh.Place{{Position: head + 8, Previous: head + 7}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := other.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), c.held); err != nil {
				t.Fatal(err)
			}
			batch := mesh.Batch{Mesh: meshID, Ops: []mesh.Op{c.op}}
			if _, ok := c.op.(*mesh.CreateMesh); ok {
				batch.Mesh = wire.MeshID{}
			}
			done := make(chan mesh.Verdict, 1)
			go func() {
				verdicts, err := s.Commit(t.Context(), []mesh.Batch{batch})
				if err != nil {
					t.Error(err)
					done <- mesh.Verdict{}
					return
				}
				done <- verdicts[0][0]
			}()
			waited := false
			for !waited && len(done) == 0 {
				waited = number(t, watch, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0
			}
			if waited != c.waits {
				t.Errorf("the commit waited: %t, want %t", waited, c.waits)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := <-done
			if got.Outcome != c.want.Outcome || got.Last != c.want.Last || len(got.Places) != len(c.want.Places) || len(got.Places) == 1 && got.Places[0] != c.want.Places[0] {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			// The roster is as it was before the next case.
			if _, err := other.Exec(t.Context(), `UPDATE mesh SET head = decode(repeat('00', 32), 'hex')`); err != nil {
				t.Fatal(err)
			}
			if _, err := other.Exec(t.Context(), "UPDATE counter SET last = 3 WHERE last = 9"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestTrimBesideSends: a trim frees bytes of a device that sends through another node at the same moment. It does not wait for that
// one, and neither undoes what the other did to the device's counter.
func TestTrimBesideSends(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s, other, watch := open(t, address), connect(t, address), connect(t, address)
	commit(t, s, found, sends(1, 1, 3, 10))
	if got, want := number(t, watch, "SELECT bytes FROM counter"), int64(3*(mesh.EntryOverhead+10)); got != want {
		t.Fatalf("%d bytes are counted, want %d", got, want)
	}
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE counter SET last = 9, bytes = bytes + 100"); err != nil {
		t.Fatal(err)
	}
	commit(t, s, mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.Trim{Stream: inbox, Before: 1 << 50}}})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		snapshot, err := s.Load(t.Context(), meshID)
		if err != nil {
			t.Fatal(err)
		}
		if want := []mesh.Counter{{Device: wire.DeviceID{1}, Last: 9, Bytes: 100}}; !slices.Equal(snapshot.Counters, want) {
			t.Errorf("the counters are %+v, want %+v", snapshot.Counters, want)
		}
		if err := s.fold(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if left, bytes := number(t, watch, "SELECT count(*) FROM freed"), number(t, watch, "SELECT bytes FROM counter"); left != 0 || bytes != 100 {
		t.Errorf("%d rows are not folded, %d bytes are counted, want none and 100", left, bytes)
	}
	if got := number(t, watch, "SELECT count(*) FROM chunk c JOIN stream s ON s.number = c.stream WHERE s.kind = 2"); got != 0 {
		t.Errorf("%d chunks are left", got)
	}
}

// TestTrimsAtOnce: nodes that trim and send at the same moment, with each other's devices, never wait for each other in a circle.
func TestTrimsAtOnce(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	const nodes, rounds = 3, 40
	stores := []*Store{open(t, address), open(t, address), open(t, address)}
	commit(t, stores[0], found)
	var wait sync.WaitGroup
	for i, s := range stores {
		wait.Go(func() {
			for n := range uint64(rounds) {
				batch := mesh.Batch{Mesh: meshID}
				// Everybody's inbox gets something of everybody, and is trimmed by the next.
				send := &mesh.AppendEnvelope{Device: wire.DeviceID{byte(i + 1)}, After: n, Counter: n + 1}
				for to := range nodes {
					send.Entries = append(send.Entries, mesh.NewEntry{Stream: wire.InboxStream(wire.MemberID{byte(to)}), Envelope: []byte("text")})
				}
				batch.Ops = append(batch.Ops, send)
				trim := mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.Trim{Stream: wire.InboxStream(wire.MemberID{byte((i + 1) % nodes)}), Keep: mesh.Amount{Count: 3}}}}
				if verdicts, err := s.Commit(t.Context(), []mesh.Batch{batch, trim}); err != nil || verdicts[0][0].Outcome != mesh.Done {
					t.Errorf("node %d round %d: %+v %v", i, n, verdicts, err)
					return
				}
			}
		})
	}
	wait.Wait()
	watch := connect(t, address)
	if got := number(t, watch, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); got != 0 {
		t.Errorf("%d deadlocks", got)
	}
	if got := number(t, watch, "SELECT count(*) FROM freed"); got == 0 {
		t.Error("no trim freed what another device sent")
	}
	if err := stores[0].fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, counted := number(t, watch, "SELECT sum(bytes) FROM stream WHERE kind = 2"), number(t, watch, "SELECT sum(bytes) FROM counter")
	if kept != counted {
		t.Errorf("%d bytes are kept, %d are counted", kept, counted)
	}
}
