package invite_test

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/vectors"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "invite", map[string]func(*vectors.Case) error{
		"secret":    ofSecret,
		"hashes":    hashes,
		"code":      drawCode,
		"read-code": readCode,
		"link":      readLink,
		"lookup":    readLookup,
	})
}

func ofSecret(c *vectors.Case) error {
	s := invite.Secret(c.ShortID("secret"))
	id, escrow, preview := s.Key().ID(), s.EscrowKey(), s.PreviewKey()
	c.WantText("text", s.Text())
	c.Want("invite", id[:])
	c.Want("escrow_key", escrow[:])
	c.Want("preview_key", preview[:])
	read, err := invite.ParseSecret(s.Text())
	if read != s {
		c.Error("the secret does not read back")
	}
	return err
}

func hashes(c *vectors.Case) error {
	escrow, preview := roster.EscrowHash(c.Bytes("escrow")), roster.PreviewHash(c.Bytes("preview"))
	c.Want("escrow_hash", escrow[:])
	c.Want("preview_hash", preview[:])
	return nil
}

func drawCode(c *vectors.Case) error {
	entropy := bytes.NewReader(c.Bytes("entropy"))
	code, err := invite.NewCode(entropy)
	c.WantText("code", string(code))
	if entropy.Len() != 0 {
		c.Errorf("%d bytes were not drawn", entropy.Len())
	}
	return err
}

func readCode(c *vectors.Case) error {
	_, err := invite.ParseCode(c.Text("code"))
	return err
}

func readLink(c *vectors.Case) error {
	link, err := invite.ParseLink(c.Text("link"))
	if err != nil {
		return err
	}
	c.WantText("origin", link.Origin)
	c.WantText("code", string(link.Code))
	c.Want("secret", link.Secret[:])
	return nil
}

func readLookup(c *vectors.Case) error {
	l, err := parseLookup(c.Bytes("json"))
	if err != nil {
		return err
	}
	c.Want("mesh", l.Mesh[:])
	c.Want("invite", l.Invite[:])
	c.WantNumber("role", uint64(l.Role))
	c.WantNumber("expires", uint64(l.ExpiresAt))
	c.WantNumber("uses_left", uint64(l.UsesLeft))
	c.Want("preview", l.Preview)
	c.WantText("canonical", l.Canonical)
	c.Want("signature", l.Signature)
	c.Want("owner", l.Owner[:])
	c.Want("head", l.Head[:])
	return nil
}
