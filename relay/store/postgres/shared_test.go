//go:build unix

package postgres

import (
	"context"
	"errors"
	"slices"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

func TestShared(t *testing.T) {
	server := postgrestest.Start(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *postgrestest.Server)
	}{
		{"marks", marks}, {"moved", movedTold}, {"an old mark", oldMark}, {"another server", otherServer}, {"a crash", crashed},
		{"sessions at once", sessionsAtOnce}, {"cut off", cutOff}, {"closed", closedNode},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, server) })
	}
}

// elsewhere asks, and gives the mark for the next time.
func elsewhere(t testing.TB, s *Store, since mesh.Mark) mesh.Elsewhere {
	t.Helper()
	e, err := s.Elsewhere(t.Context(), meshID, since)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func load(t testing.TB, s *Store) mesh.Snapshot {
	t.Helper()
	snapshot, err := s.Load(t.Context(), meshID)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// until calls Moved until it told of what is wanted. The test's limit ends it.
func until(t testing.TB, s *Store, want func(meshes []wire.MeshID, all bool, err error) bool) {
	t.Helper()
	for {
		meshes, all, err := s.Moved(t.Context())
		if want(meshes, all, err) {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

// marks: what a transaction changed that began before a mark and ended after it is told of behind the mark, and also what
// later ones changed that ended before it.
func marks(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s, other, slow := open(t, address), open(t, address), connect(t, address)
	commit(t, s, found)
	mark := load(t, s).Mark
	tx, err := slow.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `INSERT INTO counter SELECT number, decode(repeat('07', 32), 'hex'), 5, 50 FROM mesh`); err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), `INSERT INTO change SELECT `+thisXid+`, 999, number, NULL, '', '', decode(repeat('07', 32), 'hex'), '', '' FROM mesh`)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, other, sends(1, 1, 3, 10))
	counters := func(e mesh.Elsewhere) (last []uint64) {
		for _, c := range e.Counters {
			last = append(last, c.Last)
		}
		return last
	}
	e := elsewhere(t, s, mark)
	if got := counters(e); !slices.Equal(got, []uint64{3}) {
		t.Errorf("while a transaction is open the counters are %v, want 3", got)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	e = elsewhere(t, s, e.Mark)
	if got := counters(e); !slices.Equal(got, []uint64{3, 5}) {
		t.Errorf("when it ended the counters are %v, want 3 again and 5", got)
	}
	if got := counters(elsewhere(t, s, e.Mark)); got != nil {
		t.Errorf("behind that the counters are %v, want none", got)
	}
}

// movedTold: a node is told of what others wrote and of nothing else, also where no notification came, and of everything after its
// connection failed.
func movedTold(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s, other := open(t, address), open(t, address)
	here := wire.MeshID{9}
	commit(t, other, found)
	commit(t, s, mesh.Batch{Mesh: here, Ops: []mesh.Op{&mesh.CreateMesh{Statements: [][]byte{[]byte("x")}}}})
	own := func(meshes []wire.MeshID) {
		t.Helper()
		if slices.Contains(meshes, here) {
			t.Error("a node is told of what it wrote itself")
		}
	}
	until(t, s, func(_ []wire.MeshID, all bool, err error) bool { return all })
	commit(t, s, mesh.Batch{Mesh: here, Ops: []mesh.Op{&mesh.PutSession{}}})
	commit(t, other, sends(1, 1, 1, 10))
	until(t, s, func(meshes []wire.MeshID, all bool, err error) bool {
		own(meshes)
		return slices.Contains(meshes, meshID)
	})
	silent := wire.MeshID{8}
	if _, err := connect(t, address).Exec(t.Context(), `WITH n AS (INSERT INTO mesh (id, head) VALUES ($1, '') RETURNING number)
		INSERT INTO change SELECT `+thisXid+`, 999, number, NULL, '', '', '', '', '' FROM n`, silent[:]); err != nil {
		t.Fatal(err)
	}
	until(t, s, func(meshes []wire.MeshID, all bool, err error) bool {
		own(meshes)
		return slices.Contains(meshes, silent)
	})
	server.Kill(t)
	until(t, s, func(_ []wire.MeshID, _ bool, err error) bool { return err != nil })
	server.Restart(t)
	until(t, s, func(_ []wire.MeshID, all bool, err error) bool { return all })
	commit(t, other, sends(1, 2, 2, 10))
	until(t, s, func(meshes []wire.MeshID, _ bool, err error) bool { return slices.Contains(meshes, meshID) })
}

// TestNotice: a notification holds all meshes or says that it is all of them, and tells its own sender nothing.
func TestNotice(t *testing.T) {
	s := &Store{moves: newMoves()}
	meshes := make(map[wire.MeshID]struct{})
	told := func() (int, bool) {
		s.heard(notice(7, meshes), 7)
		if ids, all, _ := s.moves.take(); len(ids) > 0 || all {
			t.Errorf("a node told itself of %d meshes, all %t", len(ids), all)
		}
		text := notice(7, meshes)
		if len(text) >= 8000 {
			t.Errorf("a notification of %d meshes has %d bytes", len(meshes), len(text))
		}
		s.heard(text, 8)
		ids, all, _ := s.moves.take()
		return len(ids), all
	}
	most := 0
	for n := range byte(200) {
		meshes[wire.MeshID{n}] = struct{}{}
		got, all := told()
		if !all {
			most = len(meshes)
		}
		if all != (got == 0) || !all && got != len(meshes) {
			t.Errorf("of %d meshes %d were told, all %t", len(meshes), got, all)
		}
	}
	if most < 100 || most == 200 {
		t.Errorf("a notification holds %d meshes", most)
	}
}

// oldMark: whoever asks after the changes were dropped gets everything, and nothing of it twice behind that.
func oldMark(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s, other := open(t, address), open(t, address)
	commit(t, other, found)
	mark := load(t, s).Mark
	device := wire.DeviceID{1}
	session := func(number byte, version uint64, state string) mesh.Op {
		return &mesh.PutSession{Session: mesh.SessionRow{Device: device, Session: wire.SessionID{number}, State: state, Version: version, Node: other.Node()}}
	}
	commit(t, other, sends(1, 1, 5, 10), mesh.Batch{Mesh: meshID, Ops: []mesh.Op{
		&mesh.AppendStatement{Statement: []byte("2"), Head: wire.Head{1}},
		&mesh.MoveCursor{Device: device, Stream: inbox, Position: 1},
		session(1, 1, wire.StateOnline), session(2, 1, wire.StateOnline),
		&mesh.DropSession{Device: device, Session: wire.SessionID{2}, Version: 2},
	}})
	now := load(t, s).Mark
	if err := s.forget(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if left := number(t, connect(t, address), "SELECT count(*) FROM change"); left != 0 {
		t.Errorf("%d changes are left", left)
	}
	e := elsewhere(t, s, mark)
	if len(e.Roster) != 2 || len(e.Heads) != 2 || len(e.Counters) != 1 || len(e.Cursors) != 1 || len(e.Sessions) != 1 || len(e.Lost) != 0 {
		t.Errorf("after all changes were dropped: %+v", e)
	}
	if e = elsewhere(t, s, e.Mark); len(e.Roster)+len(e.Heads)+len(e.Counters)+len(e.Cursors)+len(e.Sessions)+len(e.Gone) != 0 {
		t.Errorf("behind that: %+v", e)
	}
	commit(t, other, mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.DropSession{Device: device, Session: wire.SessionID{1}, Version: 2}}})
	if e := elsewhere(t, s, e.Mark); len(e.Gone) != 1 || e.Gone[0].Version != 2 {
		t.Errorf("after a session was dropped: %+v", e)
	}
}

// sessionsAtOnce: of nodes that add the same session at the same moment one does, and the others learn its row.
func sessionsAtOnce(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	stores := []*Store{open(t, address), open(t, address), open(t, address)}
	commit(t, stores[0], found)
	for n := range byte(10) {
		outcomes := race(t, stores, func(node int) mesh.Batch {
			row := mesh.SessionRow{Device: wire.DeviceID{1}, Session: wire.SessionID{n}, State: wire.StateOnline, Version: 1, Node: stores[node].Node()}
			return mesh.Batch{Mesh: meshID, Ops: []mesh.Op{&mesh.PutSession{Session: row}}}
		})
		if outcomes[mesh.Done] != 1 || outcomes[mesh.Overtaken] != 2 {
			t.Fatalf("session %d was put so: %v", n, outcomes)
		}
	}
}

// cutOff: a node that cannot reach the database is held for lost, learns it, and can write nothing until it joined anew, also
// not with what was on its way when it was cut off.
func cutOff(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	proxy := server.Proxy(t, address)
	s, far := open(t, address), open(t, proxy.Address())
	commit(t, s, found)
	first := far.Node()
	mark := load(t, s).Mark
	var told uint64
	ended := make(chan error, 1)
	half := make(chan struct{})
	go func() {
		for n := uint64(1); ; n++ {
			if _, err := far.Commit(context.Background(), []mesh.Batch{sends(1, n, n, 100)}); err != nil {
				ended <- err
				return
			}
			told = n
			if n == 50 {
				close(half)
			}
		}
	}()
	<-half
	proxy.Cut()
	var lost []mesh.NodeID
	until(t, s, func(_ []wire.MeshID, _ bool, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		e := elsewhere(t, s, mark)
		mark, lost = e.Mark, append(lost, e.Lost...)
		return len(lost) > 0
	})
	if !slices.Contains(lost, first) || slices.Contains(load(t, s).Nodes, first) {
		t.Errorf("lost are %v, want %d, and that it runs no more", lost, first)
	}
	if err := <-ended; !errors.Is(err, store.ErrNodeLost) || wire.CodeOf(err) != wire.CodeUnavailable {
		t.Errorf("the commit that was cut off got %v", err)
	}
	until(t, far, func(_ []wire.MeshID, _ bool, err error) bool { return errors.Is(err, store.ErrNodeLost) })
	last := func() uint64 { return load(t, s).Counters[0].Last }
	stored := last()
	if stored < told || stored > told+1 {
		t.Errorf("%d sends were told to be stored, the last is %d", told, stored)
	}
	proxy.Mend()
	if _, err := far.Commit(t.Context(), []mesh.Batch{sends(1, stored+1, stored+1, 10)}); !errors.Is(err, store.ErrNodeLost) {
		t.Errorf("a commit before the node joined anew: %v", err)
	}
	if err := far.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := last(); got != stored {
		t.Errorf("the last counter became %d, it was %d when the node was lost", got, stored)
	}
	commit(t, far, sends(1, stored+1, stored+1, 10))
	if far.Node() <= first || !slices.Contains(load(t, s).Nodes, far.Node()) {
		t.Errorf("it joined as node %d after %d", far.Node(), first)
	}
	until(t, far, func(_ []wire.MeshID, all bool, err error) bool { return all })
}

// closedNode: a node that ends in order is lost at once.
func closedNode(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s := open(t, address)
	commit(t, s, found)
	other, err := Open(t.Context(), address, clock)
	if err != nil {
		t.Fatal(err)
	}
	mark := load(t, s).Mark
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if e := elsewhere(t, s, mark); !slices.Equal(e.Lost, []mesh.NodeID{other.Node()}) {
		t.Errorf("lost are %v, want %d", e.Lost, other.Node())
	}
	if err := other.Join(t.Context()); wire.CodeOf(err) != wire.CodeUnavailable {
		t.Errorf("a closed store joins: %v", err)
	}
}
