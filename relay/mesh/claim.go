package mesh

import (
	"crypto/sha256"
	"io"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// lookup tells what an invite offers, or why it can no longer be used (docs/PROTOCOL.md, section 4).
func (c *Core) lookup(now time.Time, request RequestID, row *InviteRow) {
	answer := &Answer{Request: request}
	if err := c.roster.Usable(row.Invite, now); err != nil {
		c.refuse(answer, err)
		return
	}
	invite, _ := c.roster.Invitation(row.Invite)
	answer.Lookup = &Lookup{
		Code:      row.Code,
		Mesh:      c.mesh,
		Invite:    row.Invite,
		Role:      invite.Role,
		Expires:   invite.Expires,
		UsesLeft:  int(invite.Uses) - int(invite.Used),
		Preview:   row.Preview,
		Canonical: c.roster.Canonical(&invite.Invite),
		Signature: invite.Signature[:],
		OwnerKey:  c.roster.Owner().Sign,
		Head:      c.roster.Head(),
	}
	c.answer(answer)
}

// claim uses an invite once and appends the join (docs/PROTOCOL.md, section 4). The same bytes again get the same answer, as
// long as the device is in the mesh.
func (c *Core) claim(now time.Time, entropy io.Reader, request RequestID, claim *Claim) {
	answer := &Answer{Request: request}
	statement, join, err := parseJoin(claim)
	if err != nil {
		c.refuse(answer, err)
		return
	}
	err = c.inTurn(now, entropy, len(claim.Join), func(now time.Time, _ io.Reader) {
		if known := c.landed[sha256.Sum256(claim.Join)]; known != nil {
			if view, ok := c.roster.Device(statement.Author); !ok || view.Standing != roster.Present {
				c.refuse(answer, wire.Refuse(wire.CodeRemoved))
				return
			}
			c.whenDone(-1, func(time.Time, *Verdict) { c.claimed(answer, claim, statement, known) })
			return
		}
		op, land, err := c.foldNew(now, statement, false)
		if err != nil {
			c.refuse(answer, err)
			return
		}
		op.Use = join.Invite
		c.carry(now, statement, op, land, func() { c.claimed(answer, claim, statement, land) }, func(err error) {
			answer.Err = wire.AsError(err)
			c.out.list = append(c.out.list, Output{Kind: OutputAnswer, Answer: answer})
		})
	})
	if err != nil {
		c.refuse(answer, err)
	}
}

// parseJoin reads a claim's statement and holds it to the rest of the claim.
func parseJoin(claim *Claim) (*roster.Statement, *roster.Join, error) {
	statement, err := roster.Parse(claim.Join)
	if err != nil {
		return nil, nil, err
	}
	join, ok := statement.Body.(*roster.Join)
	switch {
	case !ok:
		return nil, nil, wire.Errorf(wire.CodeMalformed, "a claim carries a join statement")
	case join.Invite != claim.Invite.Invite:
		return nil, nil, wire.Errorf(wire.CodeMalformed, "the join is for another invite than the code")
	case join.Device.Box != claim.Recipient:
		return nil, nil, wire.Errorf(wire.CodeMalformed, "recipient_x25519_pubkey is not the key of the device that joins")
	}
	return statement, join, nil
}

// claimed answers with the escrow.
func (c *Core) claimed(answer *Answer, claim *Claim, statement *roster.Statement, land *landing) {
	device, _ := c.roster.Device(statement.Author)
	invite, _ := c.roster.Invitation(claim.Invite.Invite)
	answer.Claimed = &Claimed{
		Escrow:    claim.Invite.Escrow,
		Mesh:      c.mesh,
		Member:    device.Member,
		Device:    device.ID,
		OwnerKey:  c.roster.Owner().Sign,
		Canonical: c.roster.Canonical(&invite.Invite),
		Signature: invite.Signature[:],
		Head:      land.head,
		Position:  land.position,
	}
	c.out.list = append(c.out.list, Output{Kind: OutputAnswer, Answer: answer})
}

// answer queues an answer for the commit.
func (c *Core) answer(a *Answer) {
	c.whenDone(-1, func(time.Time, *Verdict) {
		c.out.list = append(c.out.list, Output{Kind: OutputAnswer, Answer: a})
	})
}

func (c *Core) refuse(a *Answer, err error) {
	a.Err = wire.AsError(err)
	c.count(a.Err.Code)
	c.answer(a)
}
