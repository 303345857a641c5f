package keyring_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/vectors"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "keyring", map[string]func(*vectors.Case) error{
		"keys":            keys,
		"check-root":      checkRoot,
		"mesh-name":       meshName,
		"topic-name":      topicName,
		"profile":         profile,
		"wrap":            wrap,
		"unwrap":          unwrap,
		"wrap-previous":   wrapPrevious,
		"unwrap-previous": unwrapPrevious,
	})
}

func epoch(c *vectors.Case) uint32 { return uint32(c.Number("epoch")) }

func keys(c *vectors.Case) error {
	root, e := keyring.Root(c.Key("root")), epoch(c)
	commitment := keyring.Commitment(root, e)
	c.Want("commitment", commitment[:])
	for name, key := range map[string]keyring.Root{
		"name_key": keyring.NameKey(root, e), "profile_key": keyring.ProfileKey(root, e), "card_key": keyring.CardKey(root, e),
		"topic_key": keyring.TopicKey(root, e, c.Key("topic")), "previous_key": keyring.PreviousKey(root, e),
	} {
		c.Want(name, key[:])
	}
	return nil
}

func checkRoot(c *vectors.Case) error {
	var ring keyring.Ring
	root := keyring.Root(c.Key("root"))
	err := ring.Add(epoch(c), root, c.Key("commitment"))
	if held, ok := ring.Root(epoch(c)); ok != (err == nil) || ok && held != root {
		c.Error("the ring does not hold exactly what it took")
	}
	return err
}

// sealedAgain compares what sealing makes under the vector's nonce.
func sealedAgain(c *vectors.Case, sealed []byte, err error) error {
	if err == nil {
		c.Want("sealed", sealed)
	}
	return err
}

func meshName(c *vectors.Case) error {
	root := keyring.Root(c.Key("root"))
	name, err := keyring.OpenMeshName(root, epoch(c), c.Bytes("sealed"))
	if err != nil {
		return err
	}
	c.WantText("name", name.Name)
	c.Has("json")
	nonce := c.Nonce("nonce")
	sealed, err := keyring.SealMeshName(bytes.NewReader(nonce[:]), root, epoch(c), name)
	return sealedAgain(c, sealed, err)
}

func topicName(c *vectors.Case) error {
	root := keyring.Root(c.Key("root"))
	name, err := keyring.OpenTopicName(root, epoch(c), c.Bytes("sealed"))
	if err != nil {
		return err
	}
	c.WantText("name", name.Name)
	c.WantText("description", name.Description)
	c.Has("json")
	nonce := c.Nonce("nonce")
	sealed, err := keyring.SealTopicName(bytes.NewReader(nonce[:]), root, epoch(c), name)
	return sealedAgain(c, sealed, err)
}

func profile(c *vectors.Case) error {
	root := keyring.Root(c.Key("root"))
	p, err := keyring.OpenProfile(root, epoch(c), c.Bytes("sealed"))
	if err != nil {
		return err
	}
	c.WantText("name", p.Name)
	c.WantText("groups", strings.Join(p.Groups, "\n"))
	c.Has("json")
	nonce := c.Nonce("nonce")
	sealed, err := keyring.SealProfile(bytes.NewReader(nonce[:]), root, epoch(c), p)
	return sealedAgain(c, sealed, err)
}

func device(c *vectors.Case) *identity.Software {
	c.Helper()
	d, err := identity.Restore(identity.Private(c.Bytes("private")))
	if err != nil {
		c.Fatal(err)
	}
	return d
}

func shared(c *vectors.Case, d *identity.Software, other identity.Public) identity.SharedKey {
	c.Helper()
	key, err := d.SharedKey(context.Background(), other.Box)
	if err != nil {
		c.Fatal(err)
	}
	return key
}

func record(c *vectors.Case, name string) identity.Public {
	c.Helper()
	p, err := identity.ParsePublic(c.Bytes(name))
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func wrap(c *vectors.Case) error {
	author, to := device(c), record(c, "device")
	w := keyring.Wrap{Mesh: c.Key("mesh"), Author: author.Public().DeviceID(), Device: to.DeviceID(), Epoch: epoch(c)}
	nonce, box, err := w.Seal(bytes.NewReader(c.Bytes("nonce")), c.Key("root"), shared(c, author, to))
	if err != nil {
		return err
	}
	c.Want("nonce", nonce[:])
	c.Want("box", box)
	if len(box) != keyring.RootBoxSize {
		c.Errorf("a wrap has %d bytes, not %d", len(box), keyring.RootBoxSize)
	}
	return nil
}

func unwrap(c *vectors.Case) error {
	author, self := record(c, "author"), device(c)
	w := keyring.Wrap{Mesh: c.Key("mesh"), Author: author.DeviceID(), Device: self.Public().DeviceID(), Epoch: epoch(c)}
	root, err := w.Open(c.Nonce("nonce"), c.Bytes("box"), shared(c, self, author), c.Key("commitment"))
	if err != nil {
		return err
	}
	c.Want("root", root[:])
	return nil
}

func wrapPrevious(c *vectors.Case) error {
	wrapped, err := keyring.WrapPrevious(bytes.NewReader(c.Bytes("nonce")), c.Key("root"), epoch(c), c.Key("previous"))
	if err != nil {
		return err
	}
	c.Want("wrapped", wrapped)
	if len(wrapped) != keyring.PreviousSize {
		c.Errorf("the wrap of the previous root key has %d bytes, not %d", len(wrapped), keyring.PreviousSize)
	}
	return nil
}

func unwrapPrevious(c *vectors.Case) error {
	previous, err := keyring.OpenPrevious(c.Key("root"), epoch(c), c.Bytes("wrapped"), c.Key("commitment"))
	if err != nil {
		return err
	}
	c.Want("previous", previous[:])
	return nil
}
