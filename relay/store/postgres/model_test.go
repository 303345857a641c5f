//go:build unix

package postgres

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestModel: whatever is committed, in whatever groups, the verdicts and what is loaded afterwards are those of the store in
// memory. So everything that an operation reads was fetched for it, and the order of operations in a group is kept although
// they are written table by table.
func TestModel(t *testing.T) {
	server := postgrestest.Start(t)
	outcomes := make(map[string]int)
	for seed := range uint64(4) {
		s, model := open(t, server.Database(t)), memory.New(now)
		r := rand.New(rand.NewPCG(seed, 0))
		w := walk{Rand: r, heads: make(map[wire.MeshID]byte), counters: make(map[string]uint64), outcomes: outcomes}
		for step := range 60 {
			var batches []mesh.Batch
			for range 1 + r.IntN(4) {
				batches = append(batches, w.batch())
			}
			want, err := model.Commit(t.Context(), batches)
			if err != nil {
				t.Fatal(err)
			}
			w.learn(batches, want)
			got, err := s.Commit(t.Context(), batches)
			if err != nil {
				t.Fatalf("seed %d step %d: %v", seed, step, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d step %d:\n got %s\nwant %s", seed, step, text(got), text(want))
			}
			before := w.time()
			aged, err1 := s.Aged(t.Context(), before, 9)
			wantAged, err2 := model.Aged(t.Context(), before, 9)
			if err1 != nil || err2 != nil || !sameMeshes(aged, wantAged) {
				t.Fatalf("seed %d step %d: before %d %x %v, want %x %v", seed, step, before, aged, err1, wantAged, err2)
			}
			for m := range byte(3) {
				g, err1 := s.Load(t.Context(), wire.MeshID{m + 1})
				w, err2 := model.Load(t.Context(), wire.MeshID{m + 1})
				g.Mark, g.Nodes, w.Mark, w.Nodes = 0, nil, 0, nil // which each store has of its own
				if wire.CodeOf(err1) != wire.CodeOf(err2) || fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
					t.Fatalf("seed %d step %d:\n got %+v %v\nwant %+v %v", seed, step, g, err1, w, err2)
				}
			}
		}
	}
	for _, outcome := range []string{
		"trimmed some", "trimmed all", "trimmed nothing",
		"*mesh.CreateMesh 1", "*mesh.AppendStatement 1", "*mesh.AppendEnvelope 1", "*mesh.AppendEnvelope 3", "*mesh.FindEnvelope 1", "*mesh.FindEnvelope 7",
	} {
		if outcomes[outcome] == 0 {
			t.Errorf("the walks met no %s: %v", outcome, outcomes)
		}
	}
}

func trimmed(t *mesh.Trimmed) string {
	switch {
	case t.To == 0:
		return "trimmed nothing"
	case t.Oldest == 0:
		return "trimmed all"
	}
	return "trimmed some"
}

// text shows what pointers lead to.
func text(verdicts [][]mesh.Verdict) string {
	var b strings.Builder
	for _, of := range verdicts {
		for _, v := range of {
			fmt.Fprintf(&b, "%+v %+v; ", v, v.Trimmed)
		}
	}
	return b.String()
}

// sameMeshes compares in any order: meshes of one commit may get their numbers in another.
func sameMeshes(a, b []wire.MeshID) bool {
	order := func(a, b wire.MeshID) int { return bytes.Compare(a[:], b[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// walk makes operations at random, most of which can succeed.
type walk struct {
	*rand.Rand
	heads    map[wire.MeshID]byte
	counters map[string]uint64
	now      uint64
	outcomes map[string]int // how often an operation ended how
}

// learn goes on from what was committed.
func (w *walk) learn(batches []mesh.Batch, verdicts [][]mesh.Verdict) {
	for i, batch := range batches {
		for j, op := range batch.Ops {
			v := verdicts[i][j]
			w.outcomes[fmt.Sprintf("%T %d", op, v.Outcome)]++
			if v.Trimmed != nil {
				w.outcomes[trimmed(v.Trimmed)]++
			}
			switch op := op.(type) {
			case *mesh.CreateMesh:
				if v.Outcome == mesh.Done {
					w.heads[batch.Mesh] = op.Head[0]
				}
			case *mesh.AppendStatement:
				if v.Outcome == mesh.Done {
					w.heads[batch.Mesh] = op.Head[0]
				} else {
					w.heads[batch.Mesh] = op.After[0]
				}
			case *mesh.AppendEnvelope:
				switch v.Outcome {
				case mesh.Done:
					w.counters[fmt.Sprint(batch.Mesh, op.Device)] = op.Counter
				case mesh.Resume:
					w.counters[fmt.Sprint(batch.Mesh, op.Device)] = v.Last
				default:
					w.counters[fmt.Sprint(batch.Mesh, op.Device)] = op.After
				}
			}
		}
	}
}

func (w *walk) batch() mesh.Batch {
	batch := mesh.Batch{Mesh: wire.MeshID{1 + byte(w.IntN(3))}}
	for range 1 + w.IntN(6) {
		batch.Ops = append(batch.Ops, w.op(batch.Mesh))
	}
	return batch
}

// time is now or some time before.
func (w *walk) time() uint64 { return w.now - w.Uint64N(w.now+1) }

func (w *walk) device() wire.DeviceID   { return wire.DeviceID{1 + byte(w.IntN(3))} }
func (w *walk) session() wire.SessionID { return wire.SessionID{1 + byte(w.IntN(2))} }

func (w *walk) stream(m wire.MeshID) wire.Stream {
	if w.IntN(8) == 0 {
		return wire.RosterStream(m)
	}
	return wire.InboxStream(wire.MemberID{1 + byte(w.IntN(4))})
}

// position is near the first ones of the generation.
func (w *walk) position() wire.Position {
	return wire.PositionOf(wire.NextGeneration(0, now), uint64(w.IntN(40)))
}

func (w *walk) op(m wire.MeshID) mesh.Op {
	head := w.heads[m]
	switch w.IntN(12) {
	case 0:
		return &mesh.CreateMesh{Head: wire.Head{head}, Statements: [][]byte{[]byte("genesis")}}
	case 1:
		w.heads[m]++
		op := &mesh.AppendStatement{After: wire.Head{head}, Head: wire.Head{head + 1}, Statement: []byte("statement")}
		if w.IntN(2) == 0 {
			code := func() string { return fmt.Sprint("CODE", w.IntN(30)) }
			op.Invite = &mesh.NewInvite{ID: wire.InviteID{head + 1}, Uses: 1 + w.IntN(2), Codes: []string{code(), code()}}
		} else if w.IntN(2) == 0 {
			op.Use = wire.InviteID{byte(w.IntN(int(head) + 1))}
		}
		return op
	case 2:
		return &mesh.MoveCursor{Device: w.device(), Stream: w.stream(m), Position: 1 + w.position()}
	case 3:
		return &mesh.FindEnvelope{Device: w.device(), Stream: w.stream(m), Position: w.position()}
	case 4:
		return &mesh.PutSession{Session: mesh.SessionRow{Device: w.device(), Session: w.session(), State: wire.StateOnline, Since: w.Uint64N(1000), Card: fmt.Append(nil, w.IntN(9))}}
	case 5:
		return &mesh.DropSession{Device: w.device(), Session: w.session()}
	case 6:
		return &mesh.ForgetDevice{Device: w.device()}
	case 7:
		op := &mesh.Trim{Stream: wire.InboxStream(wire.MemberID{1 + byte(w.IntN(4))}), Time: w.time()}
		switch w.IntN(3) {
		case 0:
			op.Before = w.time()
		case 1:
			op.Keep.Count = w.Uint64N(10)
		case 2:
			op.Keep.Bytes = w.Uint64N(500)
		}
		return op
	}
	device := w.device()
	key := fmt.Sprint(m, device)
	w.now++
	op := &mesh.AppendEnvelope{Time: w.now, Head: wire.Head{head}, Device: device, After: w.counters[key], Counter: w.counters[key] + 1}
	if w.IntN(6) > 0 {
		w.counters[key]++
	}
	for range 1 + w.IntN(3) {
		op.Entries = append(op.Entries, mesh.NewEntry{Stream: wire.InboxStream(wire.MemberID{1 + byte(w.IntN(4))}), Envelope: fmt.Append(nil, "text ", w.IntN(99))})
	}
	return op
}
