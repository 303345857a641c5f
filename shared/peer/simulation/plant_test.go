package simulation

import (
	"context"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
)

// record notes what was done to the store, so that foresee can do it to another.
func (p *plant) record(do func(*memory.Store) *memory.Store) {
	if p.early {
		p.history = append(p.history, do)
	}
}

// foresee are the verdicts that the store would give, found out on another store: nothing is durable by it.
func (p *plant) foresee(batch mesh.Batch) []mesh.Verdict {
	ghost := memory.New(start)
	for _, do := range p.history {
		ghost = do(ghost)
	}
	verdicts, err := ghost.Commit(context.Background(), []mesh.Batch{copyBatch(batch)})
	if err != nil {
		panic(err)
	}
	return verdicts[0]
}

// rewrite makes the store as forgetful as the core: it takes what it had before.
func (p *plant) rewrite(batch *mesh.Batch) {
	for i, op := range batch.Ops {
		if a, ok := op.(*mesh.AppendEnvelope); ok {
			copied := *a
			copied.After = p.last[a.Device]
			copied.Counter = max(copied.Counter, copied.After+1)
			p.last[a.Device] = copied.Counter
			batch.Ops[i] = &copied
		}
	}
}

// copyBatch keeps a batch beyond the core's next event.
func copyBatch(b mesh.Batch) mesh.Batch {
	ops := make([]mesh.Op, len(b.Ops))
	for i, op := range b.Ops {
		ops[i] = copyOp(op)
	}
	return mesh.Batch{Mesh: b.Mesh, Ops: ops}
}

func copyOp(op mesh.Op) mesh.Op {
	switch o := op.(type) {
	case *mesh.AppendEnvelope:
		c := *o
		c.Entries = make([]mesh.NewEntry, len(o.Entries))
		for i, e := range o.Entries {
			c.Entries[i] = mesh.NewEntry{Stream: e.Stream, Envelope: slices.Clone(e.Envelope)}
		}
		return &c
	case *mesh.AppendStatement:
		c := *o
		c.Statement = slices.Clone(o.Statement)
		if o.Invite != nil {
			invite := *o.Invite
			invite.Escrow, invite.Preview = slices.Clone(invite.Escrow), slices.Clone(invite.Preview)
			c.Invite = &invite
		}
		return &c
	case *mesh.MoveCursor:
		c := *o
		return &c
	case *mesh.PutSession:
		c := *o
		c.Session.Card = slices.Clone(o.Session.Card)
		return &c
	case *mesh.FindEnvelope:
		c := *o
		return &c
	case *mesh.DropSession:
		c := *o
		return &c
	case *mesh.ForgetDevice:
		c := *o
		return &c
	case *mesh.CreateMesh:
		c := *o
		return &c
	case *mesh.Trim:
		c := *o
		return &c
	}
	panic("an operation that the simulation does not know")
}
