package roster

import (
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// checkRules holds a statement to every rule of section 3.1 but its signatures, cheapest and most general first.
func (s *State) checkRules(stmt *Statement, landed time.Time) error {
	if err := s.checkPlace(stmt); err != nil {
		return err
	}
	if err := s.checkBody(stmt, landed); err != nil {
		return err
	}
	return checkClock(stmt, landed)
}

// checkPlace is rules 1 to 4: genesis, mesh, previous head, author, epoch.
func (s *State) checkPlace(stmt *Statement) error {
	if stmt.Kind == KindGenesis {
		if s.count != 0 {
			return wire.Errorf(wire.CodeForbidden, "a genesis stands first and only there")
		}
		return nil
	}
	if s.count == 0 || stmt.Mesh != s.mesh {
		return wire.Errorf(wire.CodeUnknownMesh, "the statement belongs to another mesh")
	}
	if stmt.Prev != s.head && !(stmt.Kind.floats() && s.HasHead(stmt.Prev)) {
		return wire.Refuse(wire.CodeStaleHead)
	}
	if err := s.checkAuthor(stmt); err != nil {
		return err
	}
	return s.checkEpoch(stmt)
}

func (s *State) checkAuthor(stmt *Statement) error {
	d, known := s.devices[stmt.Author]
	switch {
	case stmt.Kind == KindJoin && known:
		return wire.Refuse(wire.CodeAlreadyJoined)
	case stmt.Kind == KindJoin:
		return nil
	case !known:
		return wire.Refuse(wire.CodeUnknownDevice)
	case d.standing != Present:
		return wire.Refuse(wire.CodeRemoved)
	}
	return nil
}

func (s *State) checkEpoch(stmt *Statement) error {
	now := s.Epoch()
	ok := stmt.Epoch == now
	switch {
	case stmt.Kind.rotates():
		ok = stmt.Epoch == now+1
	case stmt.Kind.anyEpoch():
		ok = stmt.Epoch <= now
	}
	if !ok {
		return wire.Errorf(wire.CodeStaleEpoch, "the statement names epoch %d while the mesh is in epoch %d", stmt.Epoch, now)
	}
	return nil
}

// checkClock is rule 15, which only a relay holds statements to.
func checkClock(stmt *Statement, landed time.Time) error {
	if landed.IsZero() {
		return nil
	}
	const most = wire.ClockSkewSeconds * 1000
	if skew := int64(stmt.Time) - landed.UnixMilli(); skew > most || skew < -most {
		return wire.Refuse(wire.CodeClockSkew)
	}
	return nil
}

func (s *State) checkBody(stmt *Statement, landed time.Time) error {
	author := s.authorOf(stmt)
	switch body := stmt.Body.(type) {
	case *Genesis:
		return nil
	case *Invite:
		return s.checkInvite(author, body)
	case *InviteRetired:
		return s.checkInviteRetired(author, body)
	case *Join:
		return s.checkJoin(body, landed)
	case *Profile:
		if stmt.Time <= author.profileTime {
			return wire.Errorf(wire.CodeReplayed, "the member has a profile of the same time or a later one")
		}
		return nil
	case *Topic:
		if author.role < wire.RoleMember {
			return wire.Refuse(wire.CodeForbidden)
		}
		return nil
	case *TopicChanged:
		return s.checkTopicChanged(author, body)
	case *Role:
		return s.checkRole(author, body)
	case *DeviceRevoked:
		return s.checkDeviceRevoked(stmt.Author, author, body)
	case *MemberRemoved:
		return s.checkMemberRemoved(author, body)
	case *Rotation:
		if author.role < wire.RoleAdmin {
			return wire.Refuse(wire.CodeForbidden)
		}
		return s.checkWraps(body, nil)
	case *Leave:
		return s.checkLeave(author, body)
	}
	return wire.Refuse(wire.CodeUnknownKind)
}

// checkSignatures verifies every signature of a statement that keeps the rules.
func (s *State) checkSignatures(stmt *Statement) error {
	var sign [identity.KeySize]byte
	switch body := stmt.Body.(type) {
	case *Genesis:
		sign = body.Device.Sign
	case *Join:
		sign = body.Device.Sign
		if !identity.Verify(body.Invite, JoinSigningBytes(stmt.unsigned), stmt.inviteSignature) {
			return wire.Errorf(wire.CodeBadSignature, "the join is not signed by its invite's key")
		}
	default:
		sign = s.devices[stmt.Author].public.Sign
	}
	if !identity.Verify(sign, SigningBytes(stmt.unsigned), stmt.signature) {
		return wire.Errorf(wire.CodeBadSignature, "the statement is not signed by its author")
	}
	if body, ok := stmt.Body.(*Invite); ok && !identity.Verify(sign, InviteSigningBytes(s.Canonical(body)), body.Signature[:]) {
		return wire.Errorf(wire.CodeBadSignature, "the invite's canonical text is not signed by its author")
	}
	return nil
}

// authorOf is the member of the author's device; nil in a genesis and a join.
func (s *State) authorOf(stmt *Statement) *member {
	if d, ok := s.devices[stmt.Author]; ok {
		return d.member
	}
	return nil
}
