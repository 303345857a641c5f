package main

import (
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func nameChangeVectors(g *group) {
	j := judge{g, 8}
	s := town()
	j.fold("", "profile", "a member's first profile", town(), signed("carol", s.draft("carol", s.profile("carol", "Carol"))))
	same := s.draft("alice", s.profile("alice", "A."))
	same.Time = someTime
	j.fold(wire.CodeReplayed, "profile_same_time", "a profile of the same time as the last", s, signed("alice", same))
	j.fold(wire.CodeReplayed, "profile_replayed", "the last profile once more", s, s.list[1])

	j.rule = 9
	topic := s.topic("carol")
	changed := &roster.TopicChanged{Topic: topic, Archived: true, Sealed: must(keyring.SealTopicName(seeded("topic"), s.root, 1, keyring.TopicName{Name: "deploys", Description: ""}))}
	bobs := &roster.TopicChanged{Topic: topic, Sealed: changed.Sealed}
	again := func() *story { s := town(); s.topic("carol"); return s }
	j.fold("", "topic", "a member makes a topic", town(), s.list[len(s.list)-1])
	j.fold("", "topic_changed", "its maker archives it", again(), signed("carol", s.draft("carol", changed)))
	j.fold("", "topic_changed_by_admin", "an admin changes it", again(), signed("bob", s.draft("bob", bobs)))
	s.says("alice", &roster.Role{Member: member("bob"), Role: wire.RoleMember})
	j.fold(wire.CodeForbidden, "topic_changed_by_other", "another member does not", s, signed("bob", s.draft("bob", bobs)))
	j.fold(wire.CodeNotFound, "topic_changed_unknown", "a topic that is not there", s, signed("alice", s.draft("alice", &roster.TopicChanged{Topic: some("topic"), Sealed: changed.Sealed})))
	j.fold(wire.CodeForbidden, "topic_changed_general", "#general stays as it is", s, signed("alice", s.draft("alice", &roster.TopicChanged{Topic: wire.GeneralTopic(s.state.Mesh()), Sealed: changed.Sealed})))
	s.says("alice", &roster.Role{Member: member("bob"), Role: wire.RoleGuest})
	j.fold(wire.CodeForbidden, "topic_by_guest", "a guest makes no topic", s, signed("bob", s.draft("bob", &roster.Topic{Sealed: changed.Sealed})))
}

func roleVectors(g *group) {
	j := judge{g, 10}
	for _, c := range []struct {
		code                 wire.Code
		name, comment, by, m string
		role                 wire.Role
	}{
		{"", "role", "an owner makes another owner", "alice", "carol", wire.RoleOwner},
		{wire.CodeForbidden, "role_by_admin", "an admin changes no role", "bob", "carol", wire.RoleAdmin},
		{wire.CodeLastOwner, "role_last_owner", "the last owner stays one", "alice", "alice", wire.RoleAdmin},
		{wire.CodeUnknownMember, "role_unknown", "a member that is not there", "alice", "mallory", wire.RoleMember},
		{wire.CodeUnknownMember, "role_of_device", "a device is not a member", "alice", "bob-phone", wire.RoleMember},
	} {
		s := town()
		j.fold(c.code, c.name, c.comment, s, signed(c.by, s.draft(c.by, &roster.Role{Member: member(c.m), Role: c.role})))
	}
}

func removalVectors(g *group) {
	j := judge{g, 11}
	revoke := func(code wire.Code, name, comment, by string, devices ...string) {
		s := town()
		body := &roster.DeviceRevoked{Last: lastCounters(7, devices...), Rotation: s.rotation(by, devices...)}
		j.fold(code, name, comment, s, signed(by, s.draft(by, body)))
	}
	revoke("", "revoked", "a member revokes its phone", "bob", "bob-phone")
	revoke("", "revoked_by_owner", "an owner revokes a device of another", "alice", "bob")
	revoke(wire.CodeForbidden, "revoked_by_member", "a member revokes no device of another", "carol", "bob-phone")
	revoke(wire.CodeForbidden, "revoked_itself", "a device would know the new key", "bob-phone", "bob-phone")
	revoke(wire.CodeForbidden, "revoked_last", "a member keeps a device", "alice", "carol")
	revoke(wire.CodeMalformed, "revoked_two_members", "devices of two members", "alice", "bob-phone", "carol")
	revoke(wire.CodeUnknownDevice, "revoked_unknown", "a device that is not there", "bob", "mallory")

	j.rule = 12
	remove := func(code wire.Code, name, comment, by, m string, devices ...string) {
		s := town()
		body := &roster.MemberRemoved{Member: member(m), Last: lastCounters(7, devices...), Rotation: s.rotation(by, devices...)}
		j.fold(code, name, comment, s, signed(by, s.draft(by, body)))
	}
	remove("", "removed", "an owner removes an admin with all devices", "alice", "bob", "bob", "bob-phone")
	remove("", "removed_by_admin", "an admin removes a member", "bob", "carol", "carol")
	remove(wire.CodeForbidden, "removed_owner_by_admin", "an admin removes no owner", "bob", "alice", "alice")
	remove(wire.CodeForbidden, "removed_by_member", "a member removes nobody", "carol", "bob", "bob", "bob-phone")
	remove(wire.CodeLastOwner, "removed_last_owner", "the last owner stays", "alice", "alice", "alice")
	remove(wire.CodeStaleRoster, "removed_device_missing", "a device is not named", "alice", "bob", "bob")
	remove(wire.CodeUnknownMember, "removed_unknown", "a member that is not there", "alice", "mallory", "mallory")
	s := town()
	s.says("alice", &roster.Role{Member: member("carol"), Role: wire.RoleOwner})
	self := &roster.MemberRemoved{Member: member("alice"), Last: lastCounters(7, "alice"), Rotation: s.rotation("alice", "alice")}
	j.fold(wire.CodeForbidden, "removed_itself", "a member leaves, it does not remove itself", s, signed("alice", s.draft("alice", self)))

	j.rule = 13
	leave := func(code wire.Code, name, comment, by string, devices ...string) {
		s := town()
		j.fold(code, name, comment, s, signed(by, s.draft(by, &roster.Leave{Last: lastCounters(7, devices...)})))
	}
	leave("", "leave", "a member leaves with all devices", "bob-phone", "bob", "bob-phone")
	leave(wire.CodeLastOwner, "leave_last_owner", "the last owner stays", "alice", "alice")
	leave(wire.CodeStaleRoster, "leave_device_missing", "a device is not named", "bob", "bob")
	leave(wire.CodeStaleRoster, "leave_device_of_other", "a device of another is named", "bob", "bob", "bob-phone", "carol")
	rotationVectors(g)
}

func rotationVectors(g *group) {
	j := judge{g, 14}
	rotate := func(code wire.Code, name, comment, by string, change func(r *roster.Rotation)) {
		s := town()
		s.says("bob", &roster.DeviceRevoked{Last: lastCounters(7, "bob-phone"), Rotation: s.rotation("bob", "bob-phone")})
		s.root = some("root of the next epoch")
		r := s.rotation(by)
		change(&r)
		j.fold(code, name, comment, s, signed(by, s.draft(by, &r)))
	}
	rotate("", "rotation", "an admin begins an epoch", "bob", func(*roster.Rotation) {})
	rotate(wire.CodeForbidden, "rotation_by_member", "a member does not", "carol", func(*roster.Rotation) {})
	rotate(wire.CodeStaleRoster, "rotation_wrap_missing", "a device that remains gets no key", "bob", func(r *roster.Rotation) { r.Wraps = r.Wraps[1:] })
	rotate(wire.CodeStaleRoster, "rotation_wrap_revoked", "a revoked device gets the key", "bob", func(r *roster.Rotation) {
		r.Wraps = append(r.Wraps, roster.Wrap{Device: deviceID("bob-phone")})
	})
	rotate(wire.CodeStaleRoster, "rotation_wrap_swapped", "a revoked device in the place of another", "bob", func(r *roster.Rotation) { r.Wraps[0].Device = deviceID("bob-phone") })
	rotate(wire.CodeStaleRoster, "rotation_wrap_stranger", "a stranger gets the key", "bob", func(r *roster.Rotation) {
		r.Wraps = append(r.Wraps, roster.Wrap{Device: deviceID("mallory")})
	})
	s := town()
	body := &roster.DeviceRevoked{Last: lastCounters(7, "bob-phone"), Rotation: s.rotation("bob")}
	j.fold(wire.CodeStaleRoster, "revoked_wrap_kept", "the revoked device gets the new key", s, signed("bob", s.draft("bob", body)))
}

func clockVectors(g *group) {
	j := judge{g, 15}
	const five = 300_000
	for _, c := range []struct {
		code          wire.Code
		name, comment string
		off           int64
	}{
		{"", "clock_ahead", "five minutes ahead of the relay", five},
		{wire.CodeClockSkew, "clock_too_far_ahead", "a millisecond more", five + 1},
		{"", "clock_behind", "five minutes behind the relay", -five},
		{wire.CodeClockSkew, "clock_too_far_behind", "a millisecond more", -five - 1},
	} {
		s := town()
		d := s.draft("carol", s.profile("carol", "Carol"))
		j.foldAt(c.code, c.name, c.comment, s, signed("carol", d), uint64(int64(d.Time)-c.off))
	}
}
