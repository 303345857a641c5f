package mesh

import (
	"crypto/sha256"
	"io"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// maxProposals bounds the statements that wait for their turn, in bytes.
const maxProposals = 16 << 20

// proposals are statements for a roster that other nodes write too: one is committed with each batch, in the order in which they
// came.
type proposals struct {
	queue    []queued
	size     int // bytes in queue
	proposed *proposal
}

// queued judges a statement when its turn has come, and proposes it or refuses it.
type queued struct {
	try  step
	size int
}

// proposal is a statement that was judged and waits for the end of the batch.
type proposal struct {
	queued
	statement *roster.Statement
	op        *AppendStatement
	land      *landing
	landed    func()          // it is in the roster
	refuse    func(err error) // it will not be
}

// inTurn has a statement judged: at once where nobody else writes the roster.
func (c *Core) inTurn(now time.Time, entropy io.Reader, size int, try step) error {
	p := &c.nodes.proposals
	switch {
	case !c.shared():
		try(now, entropy)
	case p.size+size > maxProposals:
		return wire.Refuse(wire.CodeRateLimited)
	default:
		p.queue = append(p.queue, queued{try, size})
		p.size += size
		c.proposeNext(now, entropy)
	}
	return nil
}

// proposeNext judges what waits, until something is proposed.
func (c *Core) proposeNext(now time.Time, entropy io.Reader) {
	p := &c.nodes.proposals
	for p.proposed == nil && len(p.queue) > 0 {
		next := p.queue[0]
		p.queue = p.queue[1:]
		p.size -= next.size
		next.try(now, entropy)
		if p.proposed != nil {
			p.proposed.queued = next
		}
	}
}

// first puts what was proposed at the front again.
func (p *proposals) first(again queued) {
	p.queue = append([]queued{again}, p.queue...)
	p.size += again.size
}

// rejudge takes back what was proposed in this batch: the roster turned out to be another.
func (p *proposals) rejudge() {
	if p.proposed != nil {
		p.first(p.proposed.queued)
		p.proposed = nil
	}
}

// carry has a statement that was judged committed. landed and refuse are told of the outcome.
func (c *Core) carry(now time.Time, statement *roster.Statement, op *AppendStatement, land *landing, landed func(), refuse func(error)) {
	op.Forget = leaving(statement)
	if c.shared() {
		c.nodes.proposed = &proposal{statement: statement, op: op, land: land, landed: landed, refuse: refuse}
		return
	}
	index := c.batch.add(op)
	c.whenDone(index, func(_ time.Time, verdict *Verdict) {
		c.land(op, land, verdict)
		landed()
	})
	c.follow(now, statement, index)
}

// putProposal ends the batch with what was proposed.
func (c *Core) putProposal() {
	p := c.nodes.proposed
	if p == nil {
		return
	}
	c.nodes.proposed = nil
	c.whenDone(c.batch.add(p.op), func(now time.Time, verdict *Verdict) { c.judged(p, verdict) })
}

// judged folds a statement that the store took. One that came too late is judged again when the roster is known.
func (c *Core) judged(p *proposal, verdict *Verdict) {
	switch verdict.Outcome {
	case Done:
		if err := c.roster.Replay(p.statement, time.UnixMilli(int64(p.op.Time))); err != nil {
			c.nodes.broken = true
			return
		}
		c.folded(p.statement)
		c.landed[sha256.Sum256(p.statement.Raw)] = p.land
		c.land(p.op, p.land, verdict)
		p.landed()
		c.nodes.next = append(c.nodes.next, func(now time.Time, _ io.Reader) { c.follow(now, p.statement, -1) })
	case Stale:
		c.wait(func(time.Time, io.Reader) { c.nodes.first(p.queued) })
	case Exhausted:
		p.refuse(wire.Refuse(wire.CodeExhausted))
	default:
		p.refuse(wire.Refuse(wire.CodeUnavailable))
	}
}
