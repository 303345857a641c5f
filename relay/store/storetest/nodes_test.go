package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// TestPlantedBugsOfNodes: the suite of nodes fails for stores with bugs, in the check that is for them.
func TestPlantedBugsOfNodes(t *testing.T) {
	for _, c := range []struct {
		bug   string
		check string
		plant func(*plantedNode)
	}{
		{"none", "", func(*plantedNode) {}},
		{"does not tell of cursors", "everything since a mark", func(p *plantedNode) {
			p.elsewhere = func(e *mesh.Elsewhere) { e.Cursors = nil }
		}},
		{"passes over what came last", "everything since a mark", func(p *plantedNode) {
			p.elsewhere = func(e *mesh.Elsewhere) { e.Mark++ }
		}},
		{"does not tell of sessions that were dropped", "sessions by version", func(p *plantedNode) {
			p.elsewhere = func(e *mesh.Elsewhere) { e.Gone = nil }
		}},
		{"does not forget devices with a statement", "sessions by version", func(p *plantedNode) {
			p.change = func(op mesh.Op) {
				if op, ok := op.(*mesh.AppendStatement); ok {
					op.Forget = nil
				}
			}
		}},
		{"takes sessions of any version", "sessions by version", func(p *plantedNode) {
			p.change = func(op mesh.Op) {
				if op, ok := op.(*mesh.PutSession); ok {
					p.versions[op.Session.Session]++
					op.Session.Version = p.versions[op.Session.Session]
				}
			}
		}},
	} {
		t.Run(c.bug, func(t *testing.T) {
			open := func(_ testing.TB, now time.Time, beside store.Shared) store.Shared {
				p := &plantedNode{mu: new(sync.Mutex), versions: make(map[wire.SessionID]uint64)}
				if beside, ok := beside.(*plantedNode); ok {
					p.sound, p.mu, p.versions = beside.Beside(now), beside.mu, beside.versions
				} else {
					p.sound = memory.NewNode(now)
				}
				c.plant(p)
				return p
			}
			var failed []string
			for _, check := range nodeChecks {
				r := &recorder{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					check.run(beginNodes(r, open))
				}()
				<-done
				if r.failed {
					failed = append(failed, check.name)
				}
			}
			if c.check == "" && len(failed) > 0 || c.check != "" && !slices.Contains(failed, c.check) {
				t.Errorf("a store that %s fails the checks %q, want %q", c.bug, failed, c.check)
			}
		})
	}
}

// sound is a node without a bug.
type sound = memory.Node

// plantedNode is a node with a bug, over one without.
type plantedNode struct {
	*sound
	elsewhere func(*mesh.Elsewhere)
	change    func(mesh.Op)

	mu       *sync.Mutex // of all nodes
	versions map[wire.SessionID]uint64
}

func (p *plantedNode) Elsewhere(ctx context.Context, m wire.MeshID, since mesh.Mark) (mesh.Elsewhere, error) {
	e, err := p.sound.Elsewhere(ctx, m, since)
	if p.elsewhere != nil {
		p.elsewhere(&e)
	}
	return e, err
}

func (p *plantedNode) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.change != nil {
		for _, batch := range batches {
			for _, op := range batch.Ops {
				p.change(op)
			}
		}
	}
	return p.sound.Commit(ctx, batches)
}
