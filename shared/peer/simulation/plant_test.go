package simulation

import (
	"context"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// plant is a bug put into the adapter, which the simulation must find.
type plant struct {
	// early lets outputs go before the commit, as if it could not fail.
	early bool
	// forgetful loses every device's last counter when the relay starts again.
	forgetful bool
	// deaf overhears a card now and then.
	deaf bool
	// hopeful takes a commit that failed for one that was carried out.
	hopeful bool
	// silent leaves gaps out, as if nothing had been there.
	silent bool
	// greedy trims more than it is to.
	greedy bool
	// hasty tells that everyone has a message as soon as the relay has it.
	hasty bool
	// sticky overhears that invites are withdrawn.
	sticky bool
	// unmoved does not hear that other nodes changed something.
	unmoved bool
	// lonely learns nothing of sessions on other nodes.
	lonely bool
	// reuses puts a backup back as it is, so that positions come twice.
	reuses bool

	last    map[wire.DeviceID]uint64
	history []func(*memory.Store) *memory.Store // what was done to the store, to do it to another
}

// record notes what was done to the store, so that foresee can do it to another.
func (p *plant) record(do func(*memory.Store) *memory.Store) {
	if p.early || p.hopeful {
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

// rewrite makes the store as forgetful as the core, which takes what it had before, or has it trim more.
func (p *plant) rewrite(batch *mesh.Batch) {
	for i, op := range batch.Ops {
		if trim, ok := op.(*mesh.Trim); ok && p.greedy {
			trim.Keep.Count = 3
		}
		if a, ok := op.(*mesh.AppendEnvelope); ok && p.forgetful {
			copied := *a
			copied.After = p.last[a.Device]
			copied.Counter = max(copied.Counter, copied.After+1)
			p.last[a.Device] = copied.Counter
			batch.Ops[i] = &copied
		}
	}
}

// overhears reports whether a frame is passed over.
func (p *plant) overhears(w *world, f wire.Frame) bool {
	switch f.Type {
	case wire.FrameCard:
		return p.deaf && w.happens(10)
	case wire.FrameAppend:
		var a wire.Append
		if !p.sticky || wire.DecodeJSON(f.Payload, wire.MaxAppendJSON, &a) != nil {
			return false
		}
		statement, err := roster.Parse(a.Statement)
		return err == nil && statement.Kind == roster.KindInviteRetired
	}
	return false
}

// tellDelivered tells of each send in a message to its sender that everyone has it.
func (p *plant) tellDelivered(c *conn, message []byte) {
	for len(message) > 0 && p.hasty {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			return
		}
		message = rest
		if f.Type != wire.FrameAccepted {
			continue
		}
		a, err := wire.ParseAccepted(f.Payload, nil)
		if err != nil {
			return
		}
		for _, placed := range a.Placed {
			for _, other := range c.w.peers {
				if other.member == placed.Recipient {
					c.sendToPeer(wire.AppendDelivered(nil, wire.Delivered{Counter: a.Counter, Member: other.member, Device: other.device.Public.DeviceID()}))
				}
			}
		}
	}
}

// hide takes a gap out of a page.
func (p *plant) hide(page *mesh.Page, after wire.Position) {
	if p.silent && page.Gap != nil && len(page.Entries) > 0 {
		page.Gap, page.Entries[0].Previous = nil, after
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
