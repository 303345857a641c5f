package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// OpenNode gives a node of a store at a time: of an empty one, or beside another node. The suite closes all.
type OpenNode func(t testing.TB, now time.Time, beside store.Shared) store.Shared

// RunNodes checks what a Shared store promises beside what Run checks.
func RunNodes(t *testing.T, open OpenNode) {
	for _, c := range nodeChecks {
		t.Run(c.name, func(t *testing.T) { c.run(beginNodes(t, open)) })
	}
}

var nodeChecks = []struct {
	name string
	run  func(*nodes)
}{
	{"sessions by version", sessionVersions},
	{"sessions of two nodes at once", sessionRaces},
	{"everything since a mark", everythingSince},
	{"everything since a mark, beside writers", sinceBesideWriters},
	{"moved meshes are named", movedMeshes},
	{"nodes that end", endedNodes},
}

func beginNodes(t testing.TB, open OpenNode) *nodes {
	n := &nodes{suite: suite{TB: t, now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)}, open: open}
	t.Cleanup(func() {
		for _, s := range n.each {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	for range 3 {
		n.join()
	}
	n.store = n.each[0]
	return n
}

// nodes is a check on three nodes of one store; what suite does goes over the first.
type nodes struct {
	suite
	open OpenNode
	each []store.Shared
}

func (n *nodes) join() {
	var beside store.Shared
	if len(n.each) > 0 {
		beside = n.each[0]
	}
	n.each = append(n.each, n.open(n.TB, n.now, beside))
}

// over does what suite does over another node.
func (n *nodes) over(i int) *suite {
	s := n.suite
	s.store = n.each[i]
	return &s
}

func (n *nodes) since(i int, m wire.MeshID, mark mesh.Mark) mesh.Elsewhere {
	n.Helper()
	e, err := n.each[i].Elsewhere(n.Context(), m, mark)
	if err != nil {
		n.Fatalf("Elsewhere: %v", err)
	}
	return e
}

func session(number byte, state string, version uint64) mesh.SessionRow {
	return mesh.SessionRow{
		Member: id("member b"), Device: device("b"), Session: wire.SessionID{number}, State: state, Since: 5, Version: version, Node: 1, Card: []byte("card"),
	}
}

// sessionVersions: a row is changed only on the version that the writer knows, and not again in a batch that failed to.
func sessionVersions(n *nodes) {
	m := n.found("a")
	put := func(version uint64, state string) *mesh.PutSession {
		return &mesh.PutSession{Session: session(1, state, version)}
	}
	drop := func(version uint64) *mesh.DropSession {
		return &mesh.DropSession{Device: device("b"), Session: wire.SessionID{1}, Version: version}
	}
	start := n.load(m).Mark
	own := put(1, wire.StateOnline)
	own.Session.Own, own.Session.Node = true, n.each[0].Node()
	n.done(m, own)
	n.want("the row", n.over(1).load(m).Sessions, []mesh.SessionRow{own.Session})
	for _, v := range n.over(1).do(m, put(1, wire.StateAway), put(2, wire.StateAway), drop(2)) {
		if v.Outcome != mesh.Overtaken {
			n.Fatalf("a put on a version that is no more got outcome %d", v.Outcome)
		}
		n.want("what is stored", *v.Session, own.Session)
	}
	n.wantOutcomes("in order", n.over(1).do(m, put(2, wire.StateAway), put(3, wire.StateOffline)), mesh.Done, mesh.Done)
	n.wantOutcomes("a version too far", n.do(m, put(5, wire.StateOnline)), mesh.Overtaken)
	n.wantOutcomes("dropped", n.over(2).do(m, drop(4)), mesh.Done)
	n.want("nothing is loaded", len(n.load(m).Sessions), 0)
	e := n.since(0, m, start)
	if !slices.Contains(e.Gone, mesh.GoneSession{Device: device("b"), Session: wire.SessionID{1}, Version: 4}) || len(e.Sessions) > 0 {
		n.Errorf("since the start: gone %+v, sessions %+v", e.Gone, e.Sessions)
	}
	v := n.do(m, put(1, wire.StateOnline))[0]
	if v.Outcome != mesh.Overtaken || v.Session.State != "" || v.Session.Version != 4 {
		n.Errorf("a put that does not know of the drop: %+v %+v", v.Outcome, v.Session)
	}
	n.done(m, put(5, wire.StateOnline))
	n.done(m, &mesh.ForgetDevice{Device: device("b")})
	n.wantOutcomes("of a device that was forgotten", n.do(m, put(1, wire.StateAway)), mesh.Done)
	forget := statement(0, "the device leaves")
	forget.Forget = []wire.DeviceID{device("b")}
	n.wantOutcomes("a stale statement forgets nothing", n.do(m, &mesh.AppendStatement{After: head(7), Head: head(8), Statement: []byte("x"), Forget: forget.Forget}), mesh.Stale)
	n.want("the session", len(n.load(m).Sessions), 1)
	n.done(m, forget)
	n.want("after the statement", len(n.load(m).Sessions), 0)
}

// sessionRaces: of several nodes that change a session at once, one does, also where it is new.
func sessionRaces(n *nodes) {
	m := n.found("a")
	for version := range uint64(20) {
		var done, overtaken int
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, s := range n.each {
			all.Go(func() {
				row := session(1, wire.StateOnline, version+1)
				row.Node = s.Node()
				verdicts, err := s.Commit(n.Context(), []mesh.Batch{{Mesh: m, Ops: []mesh.Op{&mesh.PutSession{Session: row}}}})
				if err != nil {
					n.Errorf("Commit: %v", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				switch v := verdicts[0][0]; v.Outcome {
				case mesh.Done:
					done++
				case mesh.Overtaken:
					if overtaken++; v.Session.Version != version+1 {
						n.Errorf("overtaken by version %d, want %d", v.Session.Version, version+1)
					}
				}
			})
		}
		all.Wait()
		n.want("outcomes", []int{done, overtaken}, []int{1, 2})
	}
}

// movedMeshes: who waits is told of each mesh that another node changed.
func movedMeshes(n *nodes) {
	a, b := n.found("a"), n.found("b")
	ctx, cancel := context.WithTimeout(n.Context(), time.Minute)
	defer cancel()
	moved := func(i int, want ...wire.MeshID) {
		n.Helper()
		for len(want) > 0 {
			ids, all, err := n.each[i].Moved(ctx)
			if err != nil {
				n.Fatalf("Moved: %v", err)
			}
			want = slices.DeleteFunc(want, func(m wire.MeshID) bool { return all || slices.Contains(ids, m) })
		}
	}
	moved(1, a, b)
	moved(2, a, b)
	for k := range uint64(5) {
		n.over(int(k%2)).done(b, envelope("x", k+1, inbox("b"), "text"))
		moved(2, b)
	}
	ended, end := context.WithCancel(ctx)
	end()
	if _, _, err := n.each[1].Moved(ended); err == nil {
		if _, _, err := n.each[1].Moved(ended); err == nil {
			n.Errorf("Moved goes on when its context has ended")
		}
	}
}

// endedNodes: the others hear of a node that ends, and its id does not come back.
func endedNodes(n *nodes) {
	m := n.found("a")
	before := n.load(m)
	ids := []mesh.NodeID{n.each[0].Node(), n.each[1].Node(), n.each[2].Node()}
	for _, id := range ids {
		if id == 0 || !slices.Contains(before.Nodes, id) || len(before.Nodes) != 3 {
			n.Fatalf("nodes %d, and a load names %d", ids, before.Nodes)
		}
	}
	if err := n.each[2].Close(); err != nil {
		n.Fatalf("Close: %v", err)
	}
	ctx, cancel := context.WithTimeout(n.Context(), time.Minute)
	defer cancel()
	var lost []mesh.NodeID
	for mark := before.Mark; !slices.Contains(lost, ids[2]); {
		if _, _, err := n.each[1].Moved(ctx); err != nil {
			n.Fatalf("Moved: %v", err)
		}
		e := n.since(1, m, mark)
		lost, mark = append(lost, e.Lost...), e.Mark
	}
	n.want("lost nodes", slices.Contains(lost, ids[0]) || slices.Contains(lost, ids[1]), false)
	n.each = n.each[:2]
	n.join()
	if after := n.load(m).Nodes; slices.Contains(after, ids[2]) || slices.Contains(ids, n.each[2].Node()) || len(after) != 3 {
		n.Errorf("after node %d ended and %d came, a load names %d", ids[2], n.each[2].Node(), after)
	}
}
