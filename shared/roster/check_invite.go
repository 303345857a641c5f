package roster

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// mayIssue is rule 5: whether a member may issue an invite now.
func (m *member) mayIssue(invite *Invite) bool {
	switch {
	case m.standing != Present:
		return false
	case !invite.For.IsZero():
		return invite.For == m.id && invite.Role == m.role
	case invite.Role == wire.RoleOwner:
		return false
	case invite.Role == wire.RoleAdmin:
		return m.role == wire.RoleOwner
	}
	return m.role >= wire.RoleAdmin
}

func (s *State) checkInvite(author *member, body *Invite) error {
	if _, used := s.invites[body.ID]; used {
		return wire.Errorf(wire.CodeReplayed, "an invite of this id is in the roster already")
	}
	if !author.mayIssue(body) {
		return wire.Refuse(wire.CodeForbidden)
	}
	return nil
}

func (s *State) checkInviteRetired(author *member, body *InviteRetired) error {
	for _, id := range body.Invites {
		invite, ok := s.invites[id]
		if !ok {
			return wire.Errorf(wire.CodeNotFound, "there is no such invite in the roster")
		}
		if author.role < wire.RoleAdmin && s.devices[invite.Issuer].member != author {
			return wire.Refuse(wire.CodeForbidden)
		}
	}
	return nil
}

func (s *State) checkJoin(body *Join, landed time.Time) error {
	if err := s.Usable(body.Invite, landed); err != nil {
		return err
	}
	if body.Member != s.invites[body.Invite].For {
		return wire.Errorf(wire.CodeMalformed, "the join names another member than its invite")
	}
	return nil
}

// Usable is nil where the invite can still be used at a time, and else the first of not_found, revoked, expired, exhausted that
// holds (rule 7). The zero time leaves out the clock: expired is then only what the roster itself settles.
func (s *State) Usable(id wire.InviteID, now time.Time) error {
	invite, ok := s.invites[id]
	if !ok {
		return wire.Errorf(wire.CodeNotFound, "there is no such invite in the roster")
	}
	issuer := s.devices[invite.Issuer].member // a device is revoked by a rotation, so the epoch speaks for the device
	expires := invite.Expires * 1000
	switch {
	case invite.Retired, invite.Epoch != s.Epoch(), !issuer.mayIssue(&invite.Invite):
		return wire.Refuse(wire.CodeRevoked)
	case s.settled > expires, !now.IsZero() && now.UnixMilli() > int64(expires):
		return wire.Refuse(wire.CodeExpired)
	case invite.Used >= invite.Uses:
		return wire.Refuse(wire.CodeExhausted)
	}
	return nil
}
