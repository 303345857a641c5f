package main

import (
	"bytes"
	"slices"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func rosterVectors(g *group) {
	statementVectors(g)
	bodyVectors(g)
	headVectors(g)
	foldVectors(g)
}

// Where the fields of a statement begin.
const (
	atMesh      = 2
	atPrev      = atMesh + wire.IDSize
	atAuthor    = atPrev + wire.IDSize
	atTime      = atAuthor + wire.IDSize
	atStEpoch   = atTime + 8
	atBodySize  = atStEpoch + 4
	atBody      = atBodySize + 4
	signatures1 = identity.SignatureSize
)

// plain is an unsigned statement of any body, with signatures of zeros: whoever reads it does not look at them.
func plain(kind roster.Kind, body []byte) []byte {
	author := deviceID("alice")
	mesh, prev := some("mesh"), some("prev")
	b := append([]byte{1, byte(kind)}, mesh[:]...)
	b = append(append(b, prev[:]...), author[:]...)
	b = wire.AppendU32(wire.AppendU64(b, someTime), 3)
	b = append(wire.AppendBytes32(b, body), make([]byte, signatures1)...)
	if kind == roster.KindJoin {
		b = append(b, make([]byte, signatures1)...)
	}
	return b
}

func (g *group) statement(name, comment string, raw []byte) {
	s := must(roster.Parse(raw))
	body := raw[atBody : atBody+int(uint32(raw[atBodySize])<<24|uint32(raw[atBodySize+1])<<16|uint32(raw[atBodySize+2])<<8|uint32(raw[atBodySize+3]))]
	g.add("statement_"+name, "3", "statement", comment, in("statement", raw), outNumber("kind", uint64(s.Kind)), out("mesh", s.Mesh[:]), out("prev", s.Prev[:]),
		out("author", s.Author[:]), outNumber("time", s.Time), outNumber("epoch", uint64(s.Epoch)), out("body", body))
}

func (g *group) badStatement(code wire.Code, name, comment string, raw []byte) {
	g.refuse(code, "statement_"+name, "3", "statement", comment, in("statement", raw))
}

func statementVectors(g *group) {
	s := town()
	topic := s.topic("carol")
	rotation := s.rotation("bob")
	for _, raw := range [][]byte{
		s.list[0], s.list[2], s.list[3], s.list[1], s.list[len(s.list)-1], s.list[5],
		signed("alice", s.draft("alice", &roster.InviteRetired{Invites: []wire.InviteID{secret("link").Key().ID(), secret("phone").Key().ID()}})),
		signed("alice", s.draft("alice", &roster.TopicChanged{Topic: topic, Archived: true, Sealed: make([]byte, roster.MinSealedName)})),
		signed("bob", s.draft("bob", &roster.DeviceRevoked{Last: lastCounters(7, "bob-phone"), Rotation: s.rotation("bob", "bob-phone")})),
		signed("alice", s.draft("alice", &roster.MemberRemoved{Member: member("bob"), Last: lastCounters(7, "bob", "bob-phone"), Rotation: s.rotation("alice", "bob", "bob-phone")})),
		signed("bob", s.draft("bob", &rotation)),
		signed("carol", s.draft("carol", &roster.Leave{Last: lastCounters(wire.MaxCounter, "carol")})),
	} {
		kind := must(roster.Parse(raw)).Kind.String()
		g.statement(kind, "a statement of the kind "+kind, raw)
	}
	genesis, topicRaw := s.list[0], s.list[len(s.list)-1]
	malformed := func(name, comment string, raw []byte) { g.badStatement(wire.CodeMalformed, name, comment, raw) }
	malformed("none", "no bytes", nil)
	malformed("cut", "one byte is missing", topicRaw[:len(topicRaw)-1])
	malformed("long", "one byte too many", join(topicRaw, []byte{0}))
	malformed("second_signature", "a second signature where none belongs", join(topicRaw, make([]byte, 64)))
	malformed("join_one_signature", "a join without the invite key's signature", s.list[3][:len(s.list[3])-64])
	g.badStatement(wire.CodeTooLarge, "over_the_bound", "one byte over 768 KiB", make([]byte, wire.MaxStatement+1))
	g.badStatement(wire.CodeUnsupported, "version_0", "version 0", with(topicRaw, 0, 0))
	g.badStatement(wire.CodeUnsupported, "version_2", "version 2", with(topicRaw, 0, 2))
	g.badStatement(wire.CodeUnknownKind, "kind_0", "kind 0", with(topicRaw, 1, 0))
	g.badStatement(wire.CodeUnknownKind, "kind_13", "kind 13", with(topicRaw, 1, 13))
	malformed("epoch_0", "epochs begin with 1", with(topicRaw, atStEpoch+3, 0))
	malformed("time_2_53", "a time of 2^53", with(topicRaw, atTime+1, 0x20))
	malformed("body_size", "a body that says one byte more", with(topicRaw, atBodySize+3, topicRaw[atBodySize+3]+1))
	malformed("genesis_mesh", "a genesis that names a mesh", with(genesis, atMesh, 1))
	malformed("genesis_prev", "a genesis that names a head", with(genesis, atPrev, 1))
	malformed("genesis_epoch", "a genesis of epoch 2", with(genesis, atStEpoch+3, 2))
	malformed("genesis_author", "a genesis by another device than its record's", with(genesis, atAuthor, genesis[atAuthor]+1))
	malformed("join_author", "a join by another device than its record's", with(s.list[3], atAuthor, s.list[3][atAuthor]+1))
	nowhere := slices.Clone(topicRaw)
	clear(nowhere[atMesh:atAuthor])
	malformed("no_mesh", "a topic that names neither mesh nor head", nowhere)
	g.badStatement(wire.CodeUnsupported, "genesis_suite", "a device record of suite 2", with(genesis, atBody, 2))
	lowOrder := slices.Clone(genesis)
	clear(lowOrder[atBody+33 : atBody+65])
	g.badStatement(wire.CodeBadKey, "genesis_key", "a device record with an X25519 key of small order", lowOrder)
	joinKey := slices.Clone(s.list[3])
	clear(joinKey[atBody+32+1 : atBody+32+33])
	g.badStatement(wire.CodeBadKey, "join_key", "a device record with an Ed25519 key of small order", joinKey)
}

func bodyVectors(g *group) {
	malformed := func(name, comment string, kind roster.Kind, body []byte) {
		g.badStatement(wire.CodeMalformed, name, comment, plain(kind, body))
	}
	sealed := func(size int) []byte { return wire.AppendBytes16(nil, bytes.Repeat([]byte{7}, size)) }
	g.statement("sealed_shortest", "the shortest sealed field", plain(roster.KindProfile, sealed(roster.MinSealedName)))
	g.statement("sealed_longest", "the longest sealed field", plain(roster.KindProfile, sealed(wire.MaxSealedName)))
	malformed("sealed_short", "a sealed field of 103 bytes", roster.KindProfile, sealed(roster.MinSealedName-1))
	malformed("sealed_long", "a sealed field of 4097 bytes", roster.KindProfile, sealed(wire.MaxSealedName+1))
	malformed("body_long", "a byte behind a profile", roster.KindProfile, join(sealed(200), []byte{0}))
	malformed("topic_flags", "a topic with a flag", roster.KindTopic, join([]byte{1}, sealed(200)))
	id := some("id")
	malformed("topic_changed_flags", "a flag that is not there", roster.KindTopicChanged, join(id[:], []byte{2}, sealed(200)))
	malformed("role_0", "no role", roster.KindRole, join(id[:], []byte{0}))
	malformed("role_5", "role 5", roster.KindRole, join(id[:], []byte{5}))

	invites := func(name, comment string, ok bool, change func(i *roster.Invite)) {
		i := &roster.Invite{ID: id, Role: wire.RoleMember, Uses: wire.MaxInviteUses, Expires: roster.MaxExpiry, Escrow: some("escrow"), Preview: some("preview")}
		change(i)
		raw := roster.Assemble(roster.Draft{Mesh: some("mesh"), Prev: some("prev"), Author: deviceID("alice"), Time: someTime, Epoch: 1, Body: i}.Unsigned(), make([]byte, signatures1))
		if ok {
			g.statement(name, comment, raw)
		} else {
			g.badStatement(wire.CodeMalformed, name, comment, raw)
		}
	}
	invites("invite_most", "the most uses and the latest expiry", true, func(*roster.Invite) {})
	invites("invite_role_0", "no role", false, func(i *roster.Invite) { i.Role = 0 })
	invites("invite_role_5", "role 5", false, func(i *roster.Invite) { i.Role = 5 })
	invites("invite_uses_0", "no use", false, func(i *roster.Invite) { i.Uses = 0 })
	invites("invite_uses_10001", "one use too many", false, func(i *roster.Invite) { i.Uses++ })
	invites("invite_device_uses", "two uses for a device", false, func(i *roster.Invite) { i.For, i.Uses = some("member"), 2 })
	invites("invite_expires", "an expiry in the year 10000", false, func(i *roster.Invite) { i.Expires++ })

	low, high := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	malformed("retired_none", "a list of nothing", roster.KindInviteRetired, []byte{0, 0})
	malformed("retired_order", "a list that does not ascend", roster.KindInviteRetired, join([]byte{0, 2}, high, low))
	malformed("retired_twice", "an id twice", roster.KindInviteRetired, join([]byte{0, 2}, low, low))
	malformed("retired_count", "a count over what follows", roster.KindInviteRetired, join([]byte{0, 3}, low, high))
	counter := wire.AppendU64(nil, 9)
	malformed("counters_none", "a leave of nothing", roster.KindLeave, []byte{0, 0})
	malformed("counters_order", "last counters that do not ascend", roster.KindLeave, join([]byte{0, 2}, high, counter, low, counter))
	malformed("counters_twice", "a device twice", roster.KindLeave, join([]byte{0, 2}, low, counter, low, counter))
	malformed("counters_2_53", "a last counter of 2^53", roster.KindLeave, join([]byte{0, 1}, low, []byte{0, 0x20, 0, 0, 0, 0, 0, 0}))

	rotation := func(previous, box int, devices ...[]byte) []byte {
		b := join(id[:], wire.AppendBytes16(nil, make([]byte, previous)), wire.AppendU16(nil, uint16(len(devices))))
		for _, device := range devices {
			b = wire.AppendBytes16(join(b, device, make([]byte, wire.NonceSize)), make([]byte, box))
		}
		return b
	}
	g.statement("rotation_plain", "two wraps", plain(roster.KindRotation, rotation(72, 171, low, high)))
	malformed("rotation_previous_71", "a wrap of the previous root that is too short", roster.KindRotation, rotation(71, 171, low, high))
	malformed("rotation_box_170", "a box that is too short", roster.KindRotation, rotation(72, 170, low, high))
	malformed("rotation_box_172", "a box that is too long", roster.KindRotation, rotation(72, 172, low, high))
	malformed("rotation_none", "a rotation for nobody", roster.KindRotation, rotation(72, 171))
	malformed("rotation_order", "wraps that do not ascend", roster.KindRotation, rotation(72, 171, high, low))
	malformed("rotation_twice", "two wraps for one device", roster.KindRotation, rotation(72, 171, low, low))
}

func headVectors(g *group) {
	s := town()
	topic := s.topic("carol")
	genesis, raw := s.list[0], s.list[len(s.list)-1]
	mesh, general := s.state.Mesh(), wire.GeneralTopic(s.state.Mesh())
	first := must(roster.Parse(genesis)).HeadAfter(wire.Head{})
	prev := must(roster.Parse(raw)).Prev
	after := must(roster.Parse(raw)).HeadAfter(prev)
	g.add("mesh_id", "2", "mesh-id", "the ids that follow from a genesis", in("genesis", genesis), out("mesh", mesh[:]), out("general", general[:]))
	g.add("topic_id", "2", "topic-id", "the id that follows from a topic statement", in("statement", raw), out("topic", topic[:]))
	g.add("head_first", "3", "head", "the head behind the genesis", in("previous", make([]byte, 32)), in("statement", genesis), out("head", first[:]))
	g.add("head", "3", "head", "the head behind another statement", in("previous", prev[:]), in("statement", raw), out("head", after[:]))

	i := &roster.Invite{ID: secret("link").Key().ID(), Role: wire.RoleMember, Expires: someTime / 1000}
	owner := device("alice").Public().Sign
	text := i.Canonical(mesh, owner)
	g.add("canonical", "4", "canonical", "what an inviter signs", in("mesh", mesh[:]), in("invite", i.ID[:]), inNumber("expires", i.Expires), inNumber("role", uint64(i.Role)), in("owner", owner[:]),
		outText("canonical", text), out("bytes", roster.InviteSigningBytes(text)))
	unsigned := raw[:len(raw)-signatures1]
	g.add("statement_bytes", "3", "statement-bytes", "what the author signs, and its signature", in("private", private(device("carol"))), in("unsigned", unsigned), out("bytes", roster.SigningBytes(unsigned)), out("signature", raw[len(unsigned):]))
	joined := s.list[3]
	unsigned = joined[:len(joined)-2*signatures1]
	invite := secret("link").Key().ID()
	g.add("join_bytes", "3", "join-bytes", "what the invite key signs of a join, and its signature", in("invite", invite[:]), in("unsigned", unsigned), out("bytes", roster.JoinSigningBytes(unsigned)), out("signature", joined[len(joined)-signatures1:]))
}
