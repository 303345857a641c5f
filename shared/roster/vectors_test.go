package roster_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "roster", map[string]func(*vectors.Case) error{
		"statement":       readStatement,
		"mesh-id":         meshID,
		"topic-id":        topicID,
		"head":            head,
		"canonical":       canonical,
		"statement-bytes": statementBytes,
		"join-bytes":      joinBytes,
		"fold":            fold,
	})
}

func readStatement(c *vectors.Case) error {
	s, err := roster.Parse(c.Bytes("statement"))
	if err != nil {
		return err
	}
	c.WantNumber("kind", uint64(s.Kind))
	c.Want("mesh", s.Mesh[:])
	c.Want("prev", s.Prev[:])
	c.Want("author", s.Author[:])
	c.WantNumber("time", s.Time)
	c.WantNumber("epoch", uint64(s.Epoch))
	const beforeBody = 1 + 1 + 3*32 + 8 + 4 + 4
	unsigned := roster.Draft{Mesh: s.Mesh, Prev: s.Prev, Author: s.Author, Time: s.Time, Epoch: s.Epoch, Body: s.Body}.Unsigned()
	c.Want("body", unsigned[beforeBody:])
	return nil
}

func meshID(c *vectors.Case) error {
	s, err := roster.Parse(c.Bytes("genesis"))
	if err != nil {
		return err
	}
	mesh := s.MeshID()
	general := wire.GeneralTopic(mesh)
	c.Want("mesh", mesh[:])
	c.Want("general", general[:])
	return nil
}

func topicID(c *vectors.Case) error {
	s, err := roster.Parse(c.Bytes("statement"))
	if err != nil {
		return err
	}
	topic := s.TopicID()
	c.Want("topic", topic[:])
	return nil
}

func head(c *vectors.Case) error {
	s, err := roster.Parse(c.Bytes("statement"))
	if err != nil {
		return err
	}
	after := s.HeadAfter(c.Key("previous"))
	c.Want("head", after[:])
	return nil
}

func canonical(c *vectors.Case) error {
	i := roster.Invite{ID: c.Key("invite"), Role: wire.Role(c.Number("role")), Expires: c.Number("expires")}
	text := i.Canonical(c.Key("mesh"), c.Key("owner"))
	c.WantText("canonical", text)
	c.Want("bytes", roster.InviteSigningBytes(text))
	return nil
}

func statementBytes(c *vectors.Case) error {
	d, err := identity.Restore(identity.Private(c.Bytes("private")))
	if err != nil {
		return err
	}
	bytes := roster.SigningBytes(c.Bytes("unsigned"))
	c.Want("bytes", bytes)
	c.Want("signature", sign(c, d, bytes))
	return nil
}

// The invite's key is that of a secret, whose derivation the vectors of invites hold; here its signature is verified.
func joinBytes(c *vectors.Case) error {
	bytes, signature := roster.JoinSigningBytes(c.Bytes("unsigned")), c.Bytes("signature")
	c.Want("bytes", bytes)
	if !identity.Verify(c.Key("invite"), bytes, signature) {
		c.Error("the invite's key did not sign this")
	}
	return nil
}

func fold(c *vectors.Case) error {
	state := roster.New()
	told := wire.NewReader(c.Bytes("roster"))
	for told.Left() > 0 {
		if _, err := state.Follow(told.Bytes32(wire.MaxStatement)); err != nil {
			c.Fatal(err)
		}
	}
	var landed time.Time
	if c.Has("landed") {
		landed = time.UnixMilli(int64(c.Number("landed")))
	}
	stmt, err := roster.Parse(c.Bytes("statement"))
	if err != nil {
		return err
	}
	if err := state.Apply(stmt, landed); err != nil {
		return err
	}
	after := state.Head()
	c.Want("head", after[:])
	c.WantNumber("epoch", uint64(state.Epoch()))
	members, roles, devices := []byte{}, []byte{}, []byte{}
	for m := range state.Members() {
		if m.Standing != roster.Present {
			continue
		}
		members, roles = append(members, m.ID[:]...), append(roles, byte(m.Role))
		for _, id := range m.Devices {
			devices = append(devices, id[:]...)
		}
	}
	c.Want("members", members)
	c.Want("roles", roles)
	c.Want("devices", devices)
	return nil
}
