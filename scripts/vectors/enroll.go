package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func enrollVectors(g *group) {
	previewVectors(g)
	joinVector(g)
	verifyVectors(g)
}

func previewVectors(g *group) {
	const rule, do = "4", "open-preview"
	s, id := secret("link"), member("alice")
	sealed := func(text string) []byte {
		return must(seal.SealBytes(seeded("preview"), s.PreviewKey(), []byte(text)))
	}
	text := func(v, mesh, role, of string, count int, members string) string {
		return fmt.Sprintf(`{"v":%s,"mesh_name":%q,"inviter_name":"Alice","inviter_id":"%s","role":%q,"for_member":"%s","member_count":%d,"members":[%s]}`, v, mesh, id, role, of, count, members)
	}
	zeros := wire.MemberID{}.String()
	alice := fmt.Sprintf(`{"id":"%s","name":"Alice","role":"owner"}`, id)
	bob := fmt.Sprintf(`{"id":"%s","name":"Bob","role":"member"}`, member("bob"))
	ok := func(name, comment, text string) {
		b := sealed(text)
		p := must(enroll.OpenPreview(s, b))
		var members []byte
		for _, m := range p.Members {
			members = append(members, m.ID[:]...)
		}
		g.add("preview"+name, rule, do, comment, in("secret", s[:]), in("sealed", b), outText("mesh_name", p.MeshName), outText("inviter_name", p.InviterName), out("inviter", p.Inviter[:]),
			outNumber("role", uint64(p.Role)), out("for_member", p.For[:]), outNumber("member_count", uint64(p.MemberCount)), out("members", members))
	}
	ok("", "a preview for a new member", text("1", "a mesh", "member", zeros, 12, alice+","+bob))
	ok("_device", "a preview for a device of the inviter", text("1", "a mesh", "owner", id.String(), 1, alice))
	bad := func(name, comment string, s invite.Secret, sealed []byte) {
		g.refuse(wire.CodeBadEnrollment, "preview_"+name, rule, do, comment, in("secret", s[:]), in("sealed", sealed))
	}
	good := sealed(text("1", "a mesh", "member", zeros, 12, alice))
	bad("other_secret", "another invite's secret", secret("other"), good)
	bad("cut", "one byte is missing", s, good[:len(good)-1])
	bad("too_large", "one byte over 8 KiB", s, make([]byte, wire.MaxPreview+1))
	bad("version", "version 2", s, sealed(text("2", "a mesh", "member", zeros, 12, alice)))
	bad("role", "no role", s, sealed(text("1", "a mesh", "none", zeros, 12, alice)))
	bad("no_name", "an empty name", s, sealed(text("1", "", "member", zeros, 12, alice)))
	bad("nobody", "no member", s, sealed(text("1", "a mesh", "member", zeros, 12, "")))
	bad("inviter_second", "somebody else comes first", s, sealed(text("1", "a mesh", "member", zeros, 12, bob+","+alice)))
	bad("count", "fewer members than are listed", s, sealed(text("1", "a mesh", "member", zeros, 1, alice+","+bob)))
	bad("device_of_other", "a device of somebody else", s, sealed(text("1", "a mesh", "member", member("bob").String(), 12, alice)))
	nine := alice
	for n := range 8 {
		nine += fmt.Sprintf(`,{"id":"%s","name":"Bob","role":"member"}`, wire.MemberID{byte(n)})
	}
	bad("nine_members", "nine members are listed", s, sealed(text("1", "a mesh", "member", zeros, 12, nine)))
}

func joinVector(g *group) {
	s, d, head := secret("link"), device("bob"), some("head")
	mesh := some("mesh")
	for _, c := range []struct {
		name, comment string
		of            wire.MemberID
	}{
		{"join", "the join of a new member, in epoch 1", wire.MemberID{}},
		{"join_device", "the join of a member's device, in epoch 1", member("alice")},
	} {
		of := c.of
		raw := must(enroll.SignJoin(context.Background(), d, s, mesh, head, of, someTime))
		g.add(c.name, "4", "join", c.comment, in("secret", s[:]), in("private", private(d)), in("mesh", mesh[:]), in("head", head[:]), in("member", of[:]),
			inNumber("time", someTime), out("statement", raw))
	}
}

// claim is what a claimant has before it trusts an answer.
type claim struct {
	story  *story
	secret invite.Secret
	answer invite.ClaimAnswer
	escrow []byte
	self   string
}

// claims is a claim that fits, for an invite whose escrow holds a text.
func claims(s *story, escrowText string) *claim {
	c := &claim{story: s, secret: secret("claim"), self: "dave"}
	c.escrow = must(seal.SealBytes(seeded("escrow"), c.secret.EscrowKey(), []byte(escrowText)))
	body := s.invite("alice", "claim", enroll.InviteOptions{Role: wire.RoleMember, Uses: 2, Expires: someTime/1000 + 3600})
	body.Escrow = roster.EscrowHash(c.escrow)
	s.says("alice", body)
	s.joins(c.self, "claim", "")
	c.answer = invite.ClaimAnswer{
		SealedRootKey: []byte("not looked at"), Mesh: s.state.Mesh(), Member: member(c.self), Device: deviceID(c.self), Owner: invite.PublicKey(s.state.Owner().Sign),
		Canonical: s.state.Canonical(body), Signature: body.Signature[:], Head: s.state.Head(), Position: wire.PositionOf(7, 5),
	}
	return c
}

func escrowText(v int, mesh wire.MeshID, epoch uint32, root keyring.Root) string {
	return fmt.Sprintf(`{"v":%d,"mesh_id":"%s","epoch":%d,"root_key":"%s"}`, v, mesh, epoch, hex.EncodeToString(root[:]))
}

func (c *claim) fields() []vectors.Field {
	return []vectors.Field{in("secret", c.secret[:]), inText("answer", string(must(json.Marshal(c.answer)))), in("escrow", c.escrow), in("roster", c.story.told()), in("self", device(c.self).Public().Record())}
}

func verifyVectors(g *group) {
	const rule, do = "4", "verify"
	good := func() *claim {
		s := begin()
		return claims(s, escrowText(1, s.state.Mesh(), 1, s.root))
	}
	c := good()
	id := member(c.self)
	g.add("verify", rule, do, "everything fits", append(c.fields(), outNumber("epoch", 1), out("root", c.story.root[:]), out("member", id[:]))...)
	bad := func(code wire.Code, name, comment string, c *claim, change func(c *claim)) {
		change(c)
		g.refuse(code, "verify_"+name, rule, do, comment, c.fields()...)
	}
	spoilt := func(name, comment string, change func(c *claim)) {
		bad(wire.CodeBadEnrollment, name, comment, good(), change)
	}
	spoilt("mesh", "the answer names another mesh than the roster", func(c *claim) { c.answer.Mesh = some("mesh") })
	spoilt("owner", "the answer names another owner than the roster", func(c *claim) { c.answer.Owner = device("dave").Public().Sign })
	spoilt("secret", "the roster has no invite of this secret", func(c *claim) { c.secret = secret("other") })
	spoilt("canonical", "another canonical text than the roster's, signed by the inviter", func(c *claim) {
		i, _ := c.story.state.Invitation(c.secret.Key().ID())
		i.Expires++
		c.answer.Canonical = c.story.state.Canonical(&i.Invite)
		c.answer.Signature = sign(device("alice"), roster.InviteSigningBytes(c.answer.Canonical))
	})
	spoilt("signature", "the canonical text signed by somebody else", func(c *claim) {
		c.answer.Signature = sign(device("dave"), roster.InviteSigningBytes(c.answer.Canonical))
	})
	spoilt("escrow_hash", "another escrow than the inviter made, though it would open", func(c *claim) {
		c.escrow = must(seal.SealBytes(seeded("other escrow"), c.secret.EscrowKey(), []byte(escrowText(1, c.story.state.Mesh(), 1, c.story.root))))
	})
	spoilt("no_join", "the own join is not in the roster", func(c *claim) { c.self = "erin" })
	spoilt("device", "the answer names another device", func(c *claim) { c.answer.Device = deviceID("alice") })
	spoilt("member", "the answer names another member", func(c *claim) { c.answer.Member = member("alice") })
	spoilt("other_invite", "the own join is by another invite", func(c *claim) {
		c.story.invites("alice", "second", enroll.InviteOptions{Role: wire.RoleMember, Uses: 1, Expires: someTime/1000 + 3600})
		c.story.joins("erin", "second", "")
		c.self, c.answer.Member, c.answer.Device = "erin", member("erin"), deviceID("erin")
	})
	bad(wire.CodeRemoved, "removed", "the device joined and was removed since", good(), func(c *claim) {
		c.story.says("alice", &roster.MemberRemoved{Member: member("dave"), Last: lastCounters(0, "dave"), Rotation: c.story.rotation("alice", "dave")})
	})
	inside := func(name, comment string, text func(s *story) string) {
		s := begin()
		bad(wire.CodeBadEnrollment, name, comment, claims(s, text(s)), func(*claim) {})
	}
	inside("escrow_json", "an escrow that is not JSON", func(*story) string { return "root key" })
	inside("escrow_version", "an escrow of version 2", func(s *story) string { return escrowText(2, s.state.Mesh(), 1, s.root) })
	inside("escrow_mesh", "an escrow of another mesh", func(s *story) string { return escrowText(1, some("mesh"), 1, s.root) })
	inside("escrow_root", "a root key that the roster does not commit to", func(s *story) string { return escrowText(1, s.state.Mesh(), 1, some("root")) })
	inside("escrow_epoch_next", "an epoch that is not in the roster", func(s *story) string { return escrowText(1, s.state.Mesh(), 2, s.root) })
	inside("escrow_epoch_before", "the genuine root key of the epoch before", func(s *story) string {
		old := s.root
		r := s.rotation("alice")
		s.says("alice", &r)
		s.root = some("root of the next epoch")
		return escrowText(1, s.state.Mesh(), 1, old)
	})
}
