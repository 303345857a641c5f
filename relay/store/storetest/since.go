package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// view is what a node has heard of a mesh: a snapshot, and what came since.
type view struct {
	mark     mesh.Mark
	roster   []mesh.Entry
	heads    map[wire.Stream]mesh.StreamHead
	counters map[wire.DeviceID]mesh.Counter
	cursors  map[string]mesh.CursorRow
	sessions map[wire.SessionID]mesh.SessionRow
	codes    map[wire.InviteID]string
}

func (n *nodes) view(i int, m wire.MeshID) *view {
	s := n.over(i).load(m)
	v := &view{
		mark: s.Mark, roster: s.Roster, heads: make(map[wire.Stream]mesh.StreamHead), counters: make(map[wire.DeviceID]mesh.Counter),
		cursors: make(map[string]mesh.CursorRow), sessions: make(map[wire.SessionID]mesh.SessionRow), codes: make(map[wire.InviteID]string),
	}
	v.take(n, mesh.Elsewhere{Mark: s.Mark, Heads: s.Heads, Counters: s.Counters, Cursors: s.Cursors, Sessions: s.Sessions, Codes: s.Codes})
	return v
}

func (v *view) take(n *nodes, e mesh.Elsewhere) {
	v.mark = e.Mark
	last := wire.Position(0)
	if len(v.roster) > 0 {
		last = v.roster[len(v.roster)-1].Position
	}
	for _, entry := range e.Roster {
		if entry.Position <= last {
			continue
		}
		if entry.Previous != last {
			n.Fatalf("a statement at %d behind %d, and %d was heard of", entry.Position, entry.Previous, last)
		}
		v.roster = append(v.roster, entry)
		last = entry.Position
	}
	for _, head := range e.Heads {
		head.Trimmed = 0
		v.heads[head.Stream] = head
	}
	for _, counter := range e.Counters {
		v.counters[counter.Device] = counter
	}
	for _, cursor := range e.Cursors {
		v.cursors[fmt.Sprint(cursor.Device, cursor.Stream)] = cursor
	}
	for _, row := range e.Sessions {
		if row.Version > v.sessions[row.Session].Version {
			v.sessions[row.Session] = row
		}
	}
	for _, gone := range e.Gone {
		if gone.Version > v.sessions[gone.Session].Version {
			delete(v.sessions, gone.Session)
		}
	}
	for _, code := range e.Codes {
		v.codes[code.Invite] = code.Code
	}
}

func (v *view) hear(n *nodes, i int, m wire.MeshID) { v.take(n, n.since(i, m, v.mark)) }

// isAll holds what a node heard against what is stored.
func (v *view) isAll(n *nodes, i int, m wire.MeshID) {
	n.Helper()
	v.hear(n, i, m)
	fresh := n.view(i, m)
	n.want("roster", len(v.roster), len(fresh.roster))
	same(n, "heads", v.heads, fresh.heads)
	same(n, "counters", v.counters, fresh.counters)
	same(n, "cursors", v.cursors, fresh.cursors)
	same(n, "sessions", v.sessions, fresh.sessions)
	same(n, "codes", v.codes, fresh.codes)
}

func same[K comparable, V any](n *nodes, what string, heard, stored map[K]V) {
	n.Helper()
	for key := range stored {
		n.want(what, heard[key], stored[key])
	}
	n.want(what, len(heard), len(stored))
}

// writer makes changes of every kind that follow from what is stored.
type writer struct {
	seed     uint64
	random   *rand.Rand
	heads    int // statements after the first
	counters map[string]uint64
	versions map[byte]uint64
	last     wire.Position
}

func (w *writer) op() mesh.Op {
	name := string(rune('a' + w.random.IntN(3)))
	switch w.random.IntN(9) {
	case 0:
		w.heads++
		if w.random.IntN(2) == 0 {
			return invite(w.heads-1, fmt.Sprint("i", w.heads), 1, fmt.Sprintf("%d/%d", w.seed, w.heads))
		}
		return statement(w.heads-1, fmt.Sprint("statement ", w.heads))
	case 1, 2, 3:
		w.counters[name]++
		op := envelope(name, w.counters[name], inbox(string(rune('x'+w.random.IntN(3)))), "text")
		op.Head = head(w.heads)
		return op
	case 4:
		w.last++
		return &mesh.MoveCursor{Device: device(name), Stream: inbox("x"), Position: w.last}
	case 5:
		return &mesh.Trim{Stream: inbox("x"), Keep: mesh.Amount{Count: 1}}
	case 6:
		number := byte(w.random.IntN(3))
		w.versions[number]++
		return &mesh.DropSession{Device: device("b"), Session: wire.SessionID{number}, Version: w.versions[number]}
	}
	number := byte(w.random.IntN(3))
	w.versions[number]++
	row := session(number, wire.StateOnline, w.versions[number])
	row.CardVersion = w.versions[number]
	return &mesh.PutSession{Session: row}
}

func newWriter(seed uint64) *writer {
	return &writer{seed: seed, random: rand.New(rand.NewPCG(seed, 1)), counters: make(map[string]uint64), versions: make(map[byte]uint64)}
}

// everythingSince: a node that asks again and again has in the end what a load gives, however others took turns.
func everythingSince(n *nodes) {
	for seed := range uint64(4) {
		m := n.found(fmt.Sprint("mesh ", seed))
		heard := n.view(2, m)
		w := newWriter(seed)
		for range 60 {
			var ops []mesh.Op
			for range 1 + w.random.IntN(4) {
				ops = append(ops, w.op())
			}
			over := w.random.IntN(2)
			for i, v := range n.over(over).do(m, ops...) {
				if v.Outcome != mesh.Done {
					n.Fatalf("%T got outcome %d", ops[i], v.Outcome)
				}
			}
			if w.random.IntN(2) == 0 {
				heard.hear(n, 2, m)
			}
		}
		heard.isAll(n, 2, m)
	}
}

// sinceBesideWriters: the same while others commit, so that a mark falls among commits that began before and end after it.
func sinceBesideWriters(n *nodes) {
	m := n.found("a")
	heard := n.view(2, m)
	var writers, reader sync.WaitGroup
	written := make(chan struct{})
	for i, s := range n.each[:2] {
		writers.Go(func() {
			for k := range uint64(40) {
				to := inbox(string(rune('x' + (int(k)+i)%3)))
				row := mesh.SessionRow{Member: id("member b"), Device: device("b"), Session: wire.SessionID{byte(i), byte(k)}, State: wire.StateOnline, Version: 1, Node: s.Node()}
				batch := mesh.Batch{Mesh: m, Ops: []mesh.Op{
					envelope(fmt.Sprint("sender ", i), k+1, to, "text"), &mesh.PutSession{Session: row},
					&mesh.MoveCursor{Device: device(fmt.Sprint("reader ", i)), Stream: to, Position: wire.Position(k + 1)},
				}}
				if _, err := s.Commit(n.Context(), []mesh.Batch{batch}); err != nil {
					n.Errorf("Commit: %v", err)
				}
			}
		})
	}
	reader.Go(func() {
		for {
			select {
			case <-written:
				return
			default:
				heard.hear(n, 2, m)
			}
		}
	})
	writers.Wait()
	close(written)
	reader.Wait()
	n.want("sessions", len(n.load(m).Sessions), 80)
	heard.isAll(n, 2, m)
}
