package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// judgeAgain folds a statement that a device offers again because this relay's store was put back to an older state
// (docs/PROTOCOL.md, section 3.3). Whoever was in the roster may offer it: the author's signature says what it is, and After that
// nothing came between, also where a statement of its kind may name an earlier head.
func (c *Core) judgeAgain(now time.Time, conn *connection, statement *roster.Statement, a *wire.Append) (*AppendStatement, *landing, error) {
	if a.Escrow != nil || a.Preview != nil {
		return nil, nil, wire.Errorf(wire.CodeMalformed, "a statement that is offered again brings no escrow and no preview")
	}
	if *a.After != c.roster.Head() {
		return nil, nil, wire.Refuse(wire.CodeStaleHead)
	}
	join, joins := statement.Body.(*roster.Join)
	if joins {
		// Nobody but who may invite can say that it came in time: a member that kept the secret of an old invite could else let
		// somebody in.
		err := c.roster.Usable(join.Invite, now)
		if err != nil && (wire.CodeOf(err) != wire.CodeExpired || !c.roster.MayIssue(conn.device.member, join.Invite)) {
			return nil, nil, err
		}
	}
	op, land, err := c.foldNew(now, statement, true)
	if err != nil {
		return nil, nil, err
	}
	if joins && c.codes[join.Invite] != "" {
		op.Use = join.Invite // the store has the invite, and counts its uses
	}
	return op, land, nil
}
