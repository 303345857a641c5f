package main

import (
	"slices"
	"strconv"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// judge makes a statement on a story, and the vector of its verdict.
type judge struct {
	*group
	rule int
}

func (g judge) fold(code wire.Code, name, comment string, s *story, raw []byte) {
	g.foldAt(code, name, comment, s, raw, 0)
}

// foldAt is fold by a relay whose clock shows landed, in milliseconds since 1970.
func (g judge) foldAt(code wire.Code, name, comment string, s *story, raw []byte, landed uint64) {
	rule := "3.1 " + strconv.Itoa(g.rule)
	if code == "" {
		g.add("fold_"+name, rule, "fold", comment, s.folds(raw, landed)...)
		return
	}
	g.refuse(code, "fold_"+name, rule, "fold", comment, in("roster", s.told()), in("statement", raw))
	if landed != 0 {
		last := &g.list[len(g.list)-1]
		last.Fields = append(last.Fields, inNumber("landed", landed))
	}
}

func foldVectors(g *group) {
	placeVectors(g)
	foldInviteVectors(g)
	foldJoinVectors(g)
	nameChangeVectors(g)
	roleVectors(g)
	removalVectors(g)
	clockVectors(g)
}

func placeVectors(g *group) {
	j := judge{g, 1}
	s := begin()
	j.fold("", "genesis", "a mesh begins", &story{state: roster.New()}, s.list[0])
	j.fold(wire.CodeForbidden, "genesis_twice", "a second genesis", s, s.list[0])
	other := s.draft("alice", s.profile("alice", "A."))
	other.Mesh = some("other mesh")
	j.fold(wire.CodeUnknownMesh, "other_mesh", "a statement of another mesh", s, signed("alice", other))
	j.fold(wire.CodeUnknownMesh, "before_genesis", "nothing stands before the genesis", &story{state: roster.New()}, s.list[1])

	j.rule = 2
	s = town()
	stale := s.draft("bob", &roster.Topic{Sealed: make([]byte, roster.MinSealedName)})
	stale.Prev = must(roster.Parse(s.list[4])).Prev
	j.fold(wire.CodeStaleHead, "prev_earlier", "a topic on an earlier head", s, signed("bob", stale))
	named := s.draft("bob", s.profile("bob", "Bob"))
	named.Prev = stale.Prev
	j.fold("", "profile_prev_earlier", "a profile may name an earlier head", town(), signed("bob", named))
	named.Prev = some("other head")
	j.fold(wire.CodeStaleHead, "profile_prev_other", "but none of another roster", s, signed("bob", named))
	j.fold("", "join_prev_earlier", "a join may name an earlier head", town(), s.join("dave", "link", wire.MemberID{}, stale.Prev))
	leave := s.draft("carol", &roster.Leave{Last: lastCounters(4, "carol")})
	leave.Prev = stale.Prev
	j.fold("", "leave_prev_earlier", "a leave may name an earlier head", town(), signed("carol", leave))
	rotation := s.rotation("bob")
	rotate := s.draft("bob", &rotation)
	rotate.Prev = stale.Prev
	j.fold(wire.CodeStaleHead, "rotation_race", "of two rotations on one head the second is refused", s, signed("bob", rotate))

	j.rule = 3
	j.fold(wire.CodeUnknownDevice, "author_stranger", "by a device that never joined", s, signed("mallory", s.draft("mallory", s.profile("mallory", "M."))))
	j.fold(wire.CodeAlreadyJoined, "join_twice", "a device that is in the mesh", s, s.join("bob", "link", wire.MemberID{}, s.state.Head()))
	s.says("carol", &roster.Leave{Last: lastCounters(4, "carol")})
	j.fold(wire.CodeRemoved, "author_gone", "by a device that left", s, signed("carol", s.draft("carol", s.profile("carol", "C."))))
	j.fold(wire.CodeAlreadyJoined, "join_again", "a device that left never returns", s, s.join("carol", "link", wire.MemberID{}, s.state.Head()))

	j.rule = 4
	for _, c := range []struct {
		name, comment string
		epoch         uint32
		body          func(s *story) roster.Body
		code          wire.Code
	}{
		{"epoch_topic", "a topic of the epoch before", 1, func(s *story) roster.Body { return &roster.Topic{Sealed: make([]byte, roster.MinSealedName)} }, wire.CodeStaleEpoch},
		{"epoch_profile", "a profile of the epoch before", 1, func(s *story) roster.Body { return s.profile("alice", "A.") }, ""},
		{"epoch_profile_next", "a profile of an epoch to come", 3, func(s *story) roster.Body { return s.profile("alice", "A.") }, wire.CodeStaleEpoch},
		{"epoch_rotation_present", "a rotation of the present epoch", 2, func(s *story) roster.Body { r := s.rotation("alice"); return &r }, wire.CodeStaleEpoch},
		{"epoch_rotation_far", "a rotation that leaves an epoch out", 4, func(s *story) roster.Body { r := s.rotation("alice"); return &r }, wire.CodeStaleEpoch},
	} {
		s := town()
		r := s.rotation("alice")
		s.says("alice", &r)
		d := s.draft("alice", c.body(s))
		d.Epoch = c.epoch
		j.fold(c.code, c.name, c.comment, s, signed("alice", d))
	}
}

func foldInviteVectors(g *group) {
	j := judge{g, 5}
	hour := enroll.InviteOptions{Role: wire.RoleMember, Uses: 1, Expires: someTime/1000 + 3600}
	as := func(role wire.Role, of string) enroll.InviteOptions {
		o := hour
		o.Role = role
		if of != "" {
			o.For = member(of)
		}
		return o
	}
	for _, c := range []struct {
		code              wire.Code
		name, comment, by string
		options           enroll.InviteOptions
	}{
		{"", "invite", "an admin invites a member", "bob", hour},
		{"", "invite_admin", "an owner invites an admin", "alice", as(wire.RoleAdmin, "")},
		{wire.CodeForbidden, "invite_by_member", "a member invites nobody", "carol", hour},
		{wire.CodeForbidden, "invite_admin_by_admin", "an admin invites no admin", "bob", as(wire.RoleAdmin, "")},
		{"", "invite_own_device", "a member invites a device of its own", "carol", as(wire.RoleMember, "carol")},
		{"", "invite_own_device_owner", "an owner's device is an owner's", "alice", as(wire.RoleOwner, "alice")},
		{wire.CodeForbidden, "invite_device_role", "a device with more than its member's role", "carol", as(wire.RoleAdmin, "carol")},
		{wire.CodeForbidden, "invite_device_of_other", "an owner invites no device of another member", "alice", as(wire.RoleMember, "carol")},
	} {
		s := town()
		j.fold(c.code, c.name, c.comment, s, signed(c.by, s.draft(c.by, s.invite(c.by, "new", c.options))))
	}
	s := town()
	owner := s.invite("alice", "new", hour)
	owner.Role = wire.RoleOwner
	copy(owner.Signature[:], sign(device("alice"), roster.InviteSigningBytes(s.state.Canonical(owner))))
	j.fold(wire.CodeForbidden, "invite_owner", "nobody is invited as owner", s, signed("alice", s.draft("alice", owner)))
	j.fold(wire.CodeReplayed, "invite_id_twice", "an invite id that was used", s, signed("bob", s.draft("bob", s.invite("bob", "link", hour))))
	forged := s.invite("carol", "new", hour)
	j.fold(wire.CodeBadSignature, "invite_canonical", "the canonical text signed by somebody else", s, signed("bob", s.draft("bob", forged)))
	guest := s.invite("alice", "new", hour)
	guest.Role = wire.RoleGuest
	copy(guest.Signature[:], sign(device("alice"), roster.InviteSigningBytes(s.state.Canonical(guest))))
	j.fold("", "invite_guest", "the fold knows guests", s, signed("alice", s.draft("alice", guest)))

	j.rule = 6
	retired := func(labels ...string) *roster.InviteRetired {
		r := new(roster.InviteRetired)
		for _, label := range labels {
			r.Invites = append(r.Invites, secret(label).Key().ID())
		}
		return r
	}
	for _, c := range []struct {
		code              wire.Code
		name, comment, by string
		labels            []string
	}{
		{"", "retired", "an admin withdraws an owner's invite and its own", "bob", []string{"link", "phone"}},
		{wire.CodeForbidden, "retired_by_member", "a member withdraws what another issued", "carol", []string{"link"}},
		{wire.CodeNotFound, "retired_unknown", "an invite that is not there", "alice", []string{"link", "none"}},
	} {
		s := town()
		j.fold(c.code, c.name, c.comment, s, signed(c.by, s.draft(c.by, retired(c.labels...))))
	}
}

func foldJoinVectors(g *group) {
	j := judge{g, 7}
	hour := enroll.InviteOptions{Role: wire.RoleMember, Uses: 1, Expires: someTime/1000 + 3600}
	join := func(s *story, label string, of wire.MemberID) []byte {
		return s.join("dave", label, of, s.state.Head())
	}
	ends := func(code wire.Code, name, comment, label string, change func(s *story)) {
		s := town()
		change(s)
		j.fold(code, name, comment, s, join(s, label, wire.MemberID{}))
	}
	ends("", "join", "the last use of an invite", "link", func(*story) {})
	ends(wire.CodeNotFound, "join_unknown", "an invite that is not there", "none", func(*story) {})
	ends(wire.CodeRevoked, "join_retired", "a withdrawn invite", "link", func(s *story) {
		s.says("alice", &roster.InviteRetired{Invites: []wire.InviteID{secret("link").Key().ID()}})
	})
	ends(wire.CodeRevoked, "join_rotated", "a rotation withdrew it", "link", func(s *story) { r := s.rotation("alice"); s.says("alice", &r) })
	ends(wire.CodeExhausted, "join_exhausted", "no use is left", "link", func(s *story) { s.joins("erin", "link", "") })
	ends(wire.CodeExpired, "join_settled", "an owner has signed a time past its expiry", "link", func(s *story) {
		s.now = someTime + 3_600_001
		s.says("alice", s.profile("alice", "A."))
		s.now = someTime
	})
	ends("", "join_settled_exactly", "a time equal to the expiry is not past it", "link", func(s *story) {
		s.now = someTime + 3_600_000
		s.says("alice", s.profile("alice", "A."))
	})
	ends("", "join_settled_by_member", "a member's time settles nothing", "link", func(s *story) {
		s.now = someTime + 3_600_001
		s.says("carol", s.profile("carol", "C."))
	})
	ends(wire.CodeRevoked, "join_issuer_demoted", "its issuer may invite no more", "by-bob", func(s *story) {
		s.invites("bob", "by-bob", hour)
		s.says("alice", &roster.Role{Member: member("bob"), Role: wire.RoleMember})
	})
	ends(wire.CodeRevoked, "join_issuer_left", "its issuer left", "by-bob", func(s *story) {
		s.invites("bob", "by-bob", hour)
		s.says("bob", &roster.Leave{Last: lastCounters(1, "bob", "bob-phone")})
	})
	ends(wire.CodeExhausted, "join_device_exhausted", "an invite for a device has one use", "phone", func(*story) {})
	ends(wire.CodeMalformed, "join_without_member", "a device that does not name its member", "tablet", func(s *story) {
		o := hour
		o.Role, o.For = wire.RoleAdmin, member("bob")
		s.invites("bob", "tablet", o)
	})
	s := town()
	j.fold(wire.CodeMalformed, "join_with_member", "a new member that names another", s, join(s, "link", member("bob")))
	expiry := uint64(someTime + 3_600_000)
	s.now = expiry
	j.foldAt("", "join_clock_at_expiry", "a relay's clock at the expiry", town(), join(s, "link", wire.MemberID{}), expiry)
	j.foldAt(wire.CodeExpired, "join_clock_past_expiry", "a relay's clock past it", s, join(s, "link", wire.MemberID{}), expiry+1)

	j.rule = 16
	good := join(s, "link", wire.MemberID{})
	j.fold(wire.CodeBadSignature, "join_device_signature", "a join that its device did not sign", s, slices.Concat(good[:len(good)-128], sign(device("erin"), roster.SigningBytes(good[:len(good)-128])), good[len(good)-64:]))
	other := secret("other").Key()
	j.fold(wire.CodeBadSignature, "join_invite_signature", "a join that another invite's key signed", s, slices.Concat(good[:len(good)-64], other.Sign(roster.JoinSigningBytes(good[:len(good)-128]))))
	j.fold(wire.CodeBadSignature, "signature", "a statement that another member signed", s, signed("alice", s.draft("carol", s.profile("carol", "C."))))
}
