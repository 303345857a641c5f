package enroll_test

import (
	"testing"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "enroll", map[string]func(*vectors.Case) error{
		"open-preview": openPreview,
		"join":         makeJoin,
		"verify":       verify,
	})
}

func secret(c *vectors.Case) invite.Secret { return invite.Secret(c.ShortID("secret")) }

func openPreview(c *vectors.Case) error {
	p, err := enroll.OpenPreview(secret(c), c.Bytes("sealed"))
	if err != nil {
		return err
	}
	var members []byte
	for _, m := range p.Members {
		members = append(members, m.ID[:]...)
	}
	c.WantText("mesh_name", p.MeshName)
	c.WantText("inviter_name", p.InviterName)
	c.Want("inviter", p.Inviter[:])
	c.WantNumber("role", uint64(p.Role))
	c.Want("for_member", p.For[:])
	c.WantNumber("member_count", uint64(p.MemberCount))
	c.Want("members", members)
	return nil
}

func makeJoin(c *vectors.Case) error {
	d, err := identity.Restore(identity.Private(c.Bytes("private")))
	if err != nil {
		return err
	}
	raw, err := enroll.SignJoin(c.Context(), d, secret(c), c.Key("mesh"), c.Key("head"), c.Key("member"), c.Number("time"))
	c.Want("statement", raw)
	return err
}

func verify(c *vectors.Case) error {
	state := roster.New()
	told := wire.NewReader(c.Bytes("roster"))
	for told.Left() > 0 {
		if _, err := state.Follow(told.Bytes32(wire.MaxStatement)); err != nil {
			c.Fatal(err)
		}
	}
	var answer invite.ClaimAnswer
	if err := wire.DecodeJSON(c.Bytes("answer"), wire.MaxJSON, &answer); err != nil {
		c.Fatal(err)
	}
	self, err := identity.ParsePublic(c.Bytes("self"))
	if err != nil {
		c.Fatal(err)
	}
	v, err := enroll.Verify(secret(c), &answer, c.Bytes("escrow"), state, self)
	if err != nil {
		return err
	}
	c.WantNumber("epoch", uint64(v.Epoch))
	c.Want("root", v.Root[:])
	c.Want("member", v.Member[:])
	return nil
}
