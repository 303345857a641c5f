package storetest

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// TestPlantedBugs: the suite fails for stores with bugs, in the check that is for them.
func TestPlantedBugs(t *testing.T) {
	for _, c := range []struct {
		bug   string
		check string
		plant func(*planted)
	}{
		{"none", "", func(*planted) {}},
		{"forgets which counters it took", "counters", func(p *planted) {
			p.change = func(m wire.MeshID, op mesh.Op) {
				if op, ok := op.(*mesh.AppendEnvelope); ok {
					op.After = p.last[m][op.Device]
					op.Counter = max(op.Counter, op.After+1)
				}
			}
		}},
		{"takes what was judged by an old roster", "roster head", func(p *planted) {
			p.change = func(m wire.MeshID, op mesh.Op) {
				switch op := op.(type) {
				case *mesh.AppendEnvelope:
					op.Head = p.heads[m]
				case *mesh.AppendStatement:
					op.After = p.heads[m]
				}
			}
		}},
		{"does not count the uses of invites", "invite uses", func(p *planted) {
			p.change = func(_ wire.MeshID, op mesh.Op) {
				if op, ok := op.(*mesh.AppendStatement); ok {
					op.Use = wire.InviteID{}
				}
			}
		}},
		{"trims more than it was told to", "trim and gap", func(p *planted) {
			p.change = func(_ wire.MeshID, op mesh.Op) {
				if op, ok := op.(*mesh.Trim); ok {
					op.Before = 1 << 50
				}
			}
		}},
		{"drops records too early", "what of the audit is dropped", func(p *planted) { p.early = 1 }},
		{"gives dropped numbers again", "what of the audit is dropped", func(p *planted) { p.again = true }},
		{"looks for an envelope in the wrong place", "whose envelope stands where", func(p *planted) {
			p.change = func(_ wire.MeshID, op mesh.Op) {
				if op, ok := op.(*mesh.FindEnvelope); ok {
					op.Position++
				}
			}
		}},
		{"hides gaps", "trim and gap", func(p *planted) {
			p.read = func(page *mesh.Page) { page.Gap = nil }
		}},
		{"ends a page early", "pages", func(p *planted) {
			p.read = func(page *mesh.Page) { page.More = false }
		}},
		{"moves cursors back", "cursors", func(p *planted) {
			p.load = func(s *mesh.Snapshot) {
				for i := range s.Cursors {
					s.Cursors[i].Position--
				}
			}
		}},
		{"mixes meshes", "meshes apart", func(p *planted) { p.oneMesh = true }},
		{"fails when it is closed", "create", func(p *planted) { p.lose = true }},
	} {
		t.Run(c.bug, func(t *testing.T) {
			failed := failing(t, func(_ testing.TB, now time.Time, before store.Store) store.Store {
				p := &planted{heads: make(map[wire.MeshID]wire.Head), last: make(map[wire.MeshID]map[wire.DeviceID]uint64)}
				c.plant(p)
				switch before, reopened := before.(*planted); {
				case !reopened || p.lose:
					p.Store = memory.New(now)
				default:
					p.Store, p.heads, p.last = before.Reopen(now), before.heads, before.last
				}
				return p
			})
			if c.check == "" && len(failed) > 0 || c.check != "" && !slices.Contains(failed, c.check) {
				t.Errorf("a store that %s fails the checks %q, want %q", c.bug, failed, c.check)
			}
		})
	}
}

// planted is a store with a bug, over one without.
type planted struct {
	*memory.Store
	change  func(wire.MeshID, mesh.Op)
	read    func(*mesh.Page)
	load    func(*mesh.Snapshot)
	oneMesh bool
	lose    bool
	early   uint64 // how much too early records are dropped
	again   bool   // numbers of records begin with 1 whatever was dropped

	mu    sync.Mutex
	heads map[wire.MeshID]wire.Head
	last  map[wire.MeshID]map[wire.DeviceID]uint64
	first wire.MeshID
}

// Commit changes ops one by one, so that each sees what those before it did.
func (p *planted) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	verdicts := make([][]mesh.Verdict, len(batches))
	for i, batch := range batches {
		for _, op := range batch.Ops {
			if p.change == nil {
				break
			}
			p.change(batch.Mesh, op)
			v, err := p.Store.Commit(ctx, []mesh.Batch{{Mesh: batch.Mesh, Ops: []mesh.Op{op}}})
			if err != nil {
				return nil, err
			}
			verdicts[i] = append(verdicts[i], v[0][0])
			if v[0][0].Outcome == mesh.Done {
				p.note(batch.Mesh, op)
			}
		}
		if p.first.IsZero() {
			p.first = batch.Mesh
		}
	}
	if p.change == nil {
		return p.Store.Commit(ctx, batches)
	}
	return verdicts, nil
}

func (p *planted) note(m wire.MeshID, op mesh.Op) {
	switch op := op.(type) {
	case *mesh.CreateMesh:
		p.heads[m], p.last[m] = op.Head, make(map[wire.DeviceID]uint64)
	case *mesh.AppendStatement:
		p.heads[m] = op.Head
	case *mesh.AppendEnvelope:
		p.last[m][op.Device] = op.Counter
	}
}

func (p *planted) Read(ctx context.Context, m wire.MeshID, s wire.Stream, after wire.Position, maxBytes int) (mesh.Page, error) {
	p.mu.Lock()
	if p.oneMesh {
		m = p.first
	}
	p.mu.Unlock()
	page, err := p.Store.Read(ctx, m, s, after, maxBytes)
	if p.read != nil {
		p.read(&page)
	}
	return page, err
}

func (p *planted) Load(ctx context.Context, m wire.MeshID) (mesh.Snapshot, error) {
	s, err := p.Store.Load(ctx, m)
	if p.load != nil {
		p.load(&s)
	}
	return s, err
}

func (p *planted) DropRecords(ctx context.Context, before uint64, limit int) (int, error) {
	return p.Store.DropRecords(ctx, before+p.early, limit)
}

func (p *planted) Audit(ctx context.Context, m wire.MeshID, after uint64, limit int) ([]store.Record, error) {
	if !p.again {
		return p.Store.Audit(ctx, m, after, limit)
	}
	all, err := p.Store.Audit(ctx, m, 0, 1<<20)
	for i := range all {
		all[i].Number = uint64(i + 1)
	}
	all = all[min(after, uint64(len(all))):]
	return all[:min(limit, len(all))], err
}

// failing is the names of the checks that a store fails.
func failing(t *testing.T, open Open) (names []string) {
	for _, c := range checks {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(begin(r, open))
		}()
		<-done
		r.mu.Lock()
		if r.failed {
			names = append(names, c.name)
		}
		r.mu.Unlock()
	}
	return names
}

// recorder takes the failures of a check instead of the test.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
}

func (r *recorder) Errorf(string, ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
