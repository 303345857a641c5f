package mesh

import (
	"crypto/sha256"
	"io"
	"slices"
	"time"

	codes "claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// codeCandidates is how many invite codes are drawn for one invite; the store takes the first that is free.
const codeCandidates = 4

// append takes a statement of the connection's device (docs/PROTOCOL.md, section 3.1). A repeat gets the first answer.
func (c *Core) append(now time.Time, entropy io.Reader, conn *connection, payload []byte) error {
	var a wire.Append
	if err := wire.DecodeJSON(payload, wire.MaxAppendJSON, &a); err != nil {
		return err
	}
	if a.Ref == 0 {
		return wire.Errorf(wire.CodeMalformed, "a ref is 1 or more")
	}
	paid := false // it took from Config.Appends
	var try step
	try = func(now time.Time, entropy io.Reader) {
		if known := c.landed[sha256.Sum256(a.Statement)]; known != nil {
			c.whenDone(-1, func(time.Time, *Verdict) { c.reply(conn, a.Ref, known) })
			return
		}
		if !paid && !c.member(conn.device.member).appends.take(c.config.Appends, now) {
			c.unreply(conn, a.Ref, wire.Refuse(wire.CodeRateLimited))
			return
		}
		statement, op, land, err := c.judge(now, entropy, conn, &a)
		if err != nil && c.shared() && !paid {
			// What its author knows it may know of another node.
			paid = true
			c.whenKnown(now, entropy, func(now time.Time, entropy io.Reader) {
				if err := c.inTurn(now, entropy, len(payload), try); err != nil {
					c.unreply(conn, a.Ref, err)
				}
			})
			return
		}
		paid = true
		if err != nil {
			c.unreply(conn, a.Ref, err)
			return
		}
		c.carry(now, statement, op, land, func() { c.reply(conn, a.Ref, land) }, func(err error) {
			c.sendJSONNow(conn, wire.FrameReply, wire.Reply{Ref: a.Ref, Error: wire.AsError(err)})
		})
	}
	if err := c.inTurn(now, entropy, len(payload), try); err != nil {
		c.unreply(conn, a.Ref, err)
	}
	return nil
}

// unreply refuses a statement.
func (c *Core) unreply(conn *connection, ref uint64, err error) {
	e := wire.AsError(err)
	c.sendJSON(conn, wire.FrameReply, wire.Reply{Ref: ref, Error: e})
	c.count(e.Code)
}

func (c *Core) reply(conn *connection, ref uint64, at *landing) {
	c.sendJSONNow(conn, wire.FrameReply, wire.Reply{Ref: ref, Head: &at.head, Position: at.position, Code: at.code})
}

// judge folds a statement that came over a connection and makes its operation.
func (c *Core) judge(now time.Time, entropy io.Reader, conn *connection, a *wire.Append) (*roster.Statement, *AppendStatement, *landing, error) {
	statement, err := roster.Parse(a.Statement)
	if err != nil {
		return nil, nil, nil, err
	}
	if a.After != nil {
		op, land, err := c.judgeAgain(now, conn, statement, a)
		return statement, op, land, err
	}
	if statement.Author != conn.device.id {
		return nil, nil, nil, wire.Errorf(wire.CodeForbidden, "a statement is appended by its author")
	}
	invite, err := newInvite(entropy, statement, a)
	if err != nil {
		return nil, nil, nil, err
	}
	op, land, err := c.foldNew(now, statement, false)
	if err != nil {
		return nil, nil, nil, err
	}
	op.Invite = invite
	return statement, op, land, nil
}

// foldNew checks a statement, which lands again or for the first time, and folds it where nobody else writes the roster. What it
// changed is undone by nothing but a reload.
func (c *Core) foldNew(now time.Time, statement *roster.Statement, again bool) (*AppendStatement, *landing, error) {
	if err := c.hasRoom(statement); err != nil {
		return nil, nil, err
	}
	after := c.roster.Head()
	if err := c.fit(now, statement, again); err != nil {
		return nil, nil, err
	}
	land := &landing{head: statement.HeadAfter(after)}
	if !c.shared() {
		c.folded(statement)
		c.landed[sha256.Sum256(statement.Raw)] = land
	}
	return &AppendStatement{
		After: after, Head: land.head, Author: statement.Author, Statement: slices.Clone(statement.Raw), Time: milliseconds(now),
	}, land, nil
}

func (c *Core) fit(now time.Time, statement *roster.Statement, again bool) error {
	switch {
	case c.shared() && again:
		return c.roster.CheckAgain(statement, now)
	case c.shared():
		return c.roster.Check(statement, now)
	case again:
		return c.roster.ApplyAgain(statement, now)
	}
	return c.roster.Apply(statement, now)
}

// hasRoom holds the bounds on the roster. No member but owners and admins can fill it, and a full one still takes, up to the
// bound again, what takes rights away; or a member that fills it could never be removed. A rotation names every device, so their
// number is bounded for its sake.
func (c *Core) hasRoom(statement *roster.Statement) error {
	room := 1
	switch body := statement.Body.(type) {
	case *roster.InviteRetired, *roster.Role, *roster.DeviceRevoked, *roster.MemberRemoved, *roster.Rotation, *roster.Leave:
		room = 2
	case *roster.Join:
		if c.roster.PresentDevices() >= c.config.Devices {
			return wire.Errorf(wire.CodeTooLarge, "This mesh has as many devices as the relay allows.")
		}
		if len(c.roster.DevicesOf(body.Member)) >= c.config.MemberDevices {
			return wire.Errorf(wire.CodeTooLarge, "This member has as many devices as the relay allows.")
		}
	}
	if c.roster.Statements() >= room*c.config.Statements || c.rosterBytes+len(statement.Raw) > room*c.config.RosterBytes {
		return wire.Errorf(wire.CodeTooLarge, "the roster is as long as the relay allows")
	}
	author, ok := c.roster.Device(statement.Author)
	if !ok || statement.Kind == roster.KindLeave {
		return nil
	}
	view, _ := c.roster.Member(author.Member)
	if view.Role < wire.RoleAdmin && c.member(author.Member).statements >= c.config.MemberStatements {
		return wire.Errorf(wire.CodeTooLarge, "This member has as many statements in the roster as the relay allows.")
	}
	return nil
}

// folded counts a statement that is in the roster now.
func (c *Core) folded(statement *roster.Statement) {
	c.rosterBytes += len(statement.Raw)
	if author, ok := c.roster.Device(statement.Author); ok {
		c.member(author.Member).statements++
	}
}

// follow ends what a statement takes away; op is its append, -1: it is in the roster.
func (c *Core) follow(now time.Time, statement *roster.Statement, op int) {
	if body, ok := statement.Body.(*roster.Role); ok && body.Role < wire.RoleMember {
		c.endTopics(body.Member)
	}
	c.endDevices(now, leaving(statement), op)
}

// leaving are the devices that are out of the mesh by a statement.
func leaving(statement *roster.Statement) (devices []wire.DeviceID) {
	var gone []roster.LastCounter
	switch body := statement.Body.(type) {
	case *roster.DeviceRevoked:
		gone = body.Last
	case *roster.MemberRemoved:
		gone = body.Last
	case *roster.Leave:
		gone = body.Last
	}
	for _, last := range gone {
		devices = append(devices, last.Device)
	}
	return devices
}

// endDevices closes the connections of devices that are out of the mesh and forgets their sessions; the store forgets them with
// the statement (AppendStatement.Forget).
func (c *Core) endDevices(now time.Time, gone []wire.DeviceID, op int) {
	for _, id := range gone {
		d := c.device(id)
		for _, s := range slices.Clone(c.member(d.member).sessions) {
			if s.row.Device == d.id {
				c.endSession(now, s)
			}
		}
		for _, conn := range slices.Clone(d.conns) {
			c.dropWhen(op, now, conn, wire.Refuse(wire.CodeRemoved))
		}
	}
}

// land notes where a statement was put, and shows it.
func (c *Core) land(op *AppendStatement, land *landing, verdict *Verdict) {
	c.head = land.head
	land.position, land.code = verdict.Places[0].Position, verdict.Code
	if op.Invite != nil {
		c.codes[op.Invite.ID] = verdict.Code
	}
	c.deliver(c.stream(wire.RosterStream(c.mesh)), &Entry{
		Position: verdict.Places[0].Position, Previous: verdict.Places[0].Previous, Time: op.Time, Sender: op.Author, Bytes: op.Statement,
	})
}

// newInvite checks what comes with an invite and draws its codes; nil for other statements.
func newInvite(entropy io.Reader, statement *roster.Statement, a *wire.Append) (*NewInvite, error) {
	invite, ok := statement.Body.(*roster.Invite)
	if !ok {
		if a.Escrow != nil || a.Preview != nil {
			return nil, wire.Errorf(wire.CodeMalformed, "only an invite has an escrow and a preview")
		}
		return nil, nil
	}
	if len(a.Escrow) > wire.MaxEscrow || len(a.Preview) > wire.MaxPreview {
		return nil, wire.Errorf(wire.CodeTooLarge, "an escrow holds at most %d bytes, a preview %d", wire.MaxEscrow, wire.MaxPreview)
	}
	if roster.EscrowHash(a.Escrow) != invite.Escrow || roster.PreviewHash(a.Preview) != invite.Preview {
		return nil, wire.Errorf(wire.CodeMalformed, "the escrow or the preview is not the one that the invite names")
	}
	n := &NewInvite{ID: invite.ID, Uses: int(invite.Uses), Escrow: a.Escrow, Preview: a.Preview}
	for range codeCandidates {
		code, err := codes.NewCode(entropy)
		if err != nil {
			panic("mesh: " + err.Error())
		}
		n.Codes = append(n.Codes, string(code))
	}
	return n, nil
}
