package seal_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "seal", map[string]func(*vectors.Case) error{
		"padded-size": func(c *vectors.Case) error {
			c.WantNumber("size", uint64(seal.PaddedSize(int(c.Number("length")))))
			return nil
		},
		"pad": func(c *vectors.Case) error {
			c.Want("padded", seal.Pad(c.Bytes("data")))
			return nil
		},
		"unpad": func(c *vectors.Case) error {
			data, err := seal.Unpad(c.Bytes("padded"))
			if err != nil {
				return err
			}
			c.Want("data", data)
			return nil
		},
		"seal-bytes": func(c *vectors.Case) error {
			sealed, err := seal.SealBytes(drawn(c, "nonce"), c.Key("key"), c.Bytes("plain"))
			if err != nil {
				return err
			}
			c.Want("sealed", sealed)
			return nil
		},
		"open-bytes": func(c *vectors.Case) error {
			plain, err := seal.OpenBytes(c.Key("key"), c.Bytes("sealed"))
			if err != nil {
				return err
			}
			c.Want("plain", plain)
			return nil
		},
		"seal-direct": sealDirect,
		"open-direct": openDirect,
		"topic-bytes": func(c *vectors.Case) error {
			c.Want("bytes", seal.TopicBytes(c.Key("mesh"), record(c, "sender").DeviceID(), header(c), c.Nonce("nonce"), c.Bytes("message")))
			return nil
		},
		"seal-topic":     sealTopic,
		"open-topic":     openTopic,
		"seal-card":      sealCard,
		"open-card":      openCard,
		"open-anonymous": openAnonymous,
	})
}

// drawn gives the fields as entropy, in the order in which sealing draws them.
func drawn(c *vectors.Case, names ...string) io.Reader {
	var all []byte
	for _, name := range names {
		all = append(all, c.Bytes(name)...)
	}
	return bytes.NewReader(all)
}

func device(c *vectors.Case) *identity.Software {
	c.Helper()
	d, err := identity.Restore(identity.Private(c.Bytes("private")))
	if err != nil {
		c.Fatal(err)
	}
	return d
}

func record(c *vectors.Case, name string) identity.Public {
	c.Helper()
	return parse(c, c.Bytes(name))
}

func parse(c *vectors.Case, record []byte) identity.Public {
	c.Helper()
	p, err := identity.ParsePublic(record)
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func shared(c *vectors.Case, d *identity.Software, box [32]byte) identity.SharedKey {
	c.Helper()
	key, err := d.SharedKey(context.Background(), box)
	if err != nil {
		c.Fatal(err)
	}
	return key
}

func header(c *vectors.Case) wire.Header {
	h := wire.Header{Priority: wire.Priority(c.Number("priority")), Epoch: uint32(c.Number("epoch")), Counter: c.Number("counter"), Expires: c.Number("expires")}
	if c.Has("topic") {
		h.Recipients = [][32]byte{c.Key("topic")}
		return h
	}
	for id := range slices.Chunk(c.Bytes("recipients"), wire.IDSize) {
		h.Recipients = append(h.Recipients, [32]byte(id))
	}
	return h
}

func sealDirect(c *vectors.Case) error {
	sender := device(c)
	var to []seal.Recipient
	for record := range slices.Chunk(c.Bytes("devices"), identity.RecordSize) {
		p := parse(c, record)
		to = append([]seal.Recipient{{Device: p.DeviceID(), Key: shared(c, sender, p.Box)}}, to...)
	}
	envelope, err := seal.SealDirect(drawn(c, "key", "nonce", "stanza_nonces"), c.Key("mesh"), sender.Public().DeviceID(), header(c), c.Bytes("message"), to)
	if err != nil {
		return err
	}
	c.Want("envelope", envelope)
	return nil
}

func openDirect(c *vectors.Case) error {
	sender, self := record(c, "sender"), device(c)
	e, err := wire.ParseEnvelope(c.Bytes("envelope"))
	if err != nil {
		c.Fatal(err)
	}
	message, err := seal.OpenDirect(c.Key("mesh"), sender.DeviceID(), self.Public().DeviceID(), &e, shared(c, self, sender.Box))
	if err != nil {
		return err
	}
	c.Want("message", message)
	return nil
}

func sealTopic(c *vectors.Case) error {
	sender := device(c)
	mesh, h, nonce, message := wire.MeshID(c.Key("mesh")), header(c), c.Nonce("nonce"), c.Bytes("message")
	signature, err := sender.Sign(context.Background(), seal.TopicBytes(mesh, sender.Public().DeviceID(), h, nonce, message))
	if err != nil {
		return err
	}
	envelope, err := seal.SealTopic(c.Key("key"), h, nonce, message, signature)
	if err != nil {
		return err
	}
	c.Want("envelope", envelope)
	return nil
}

func openTopic(c *vectors.Case) error {
	sender := record(c, "sender")
	e, err := wire.ParseEnvelope(c.Bytes("envelope"))
	if err != nil {
		c.Fatal(err)
	}
	message, err := seal.OpenTopic(c.Key("key"), c.Key("mesh"), sender.DeviceID(), sender.Sign, &e)
	if err != nil {
		return err
	}
	c.Want("message", message)
	return nil
}

func sealCard(c *vectors.Case) error {
	sender, json := device(c), c.Bytes("json")
	of := seal.CardOf{Mesh: c.Key("mesh"), Device: sender.Public().DeviceID(), Session: c.ShortID("session"), Version: c.Number("version")}
	signature, err := sender.Sign(context.Background(), of.SigningBytes(json))
	if err != nil {
		return err
	}
	card, err := seal.SealCard(drawn(c, "nonce"), c.Key("key"), uint32(c.Number("epoch")), json, signature)
	if err != nil {
		return err
	}
	c.Want("card", card)
	return nil
}

func openCard(c *vectors.Case) error {
	sender, card := record(c, "sender"), c.Bytes("card")
	epoch, err := seal.CardEpoch(card)
	if err != nil {
		return err
	}
	of := seal.CardOf{Mesh: c.Key("mesh"), Device: sender.DeviceID(), Session: c.ShortID("session"), Version: c.Number("version")}
	json, err := seal.OpenCard(c.Key("key"), of, sender.Sign, card)
	if err != nil {
		return err
	}
	c.WantNumber("epoch", uint64(epoch))
	c.Want("json", json)
	return nil
}

func openAnonymous(c *vectors.Case) error {
	self, sealed := device(c), c.Bytes("sealed")
	ephemeral, err := seal.EphemeralKey(sealed)
	if err != nil {
		return err
	}
	plain, err := seal.OpenAnonymous(sealed, self.Public().Box, shared(c, self, ephemeral))
	if err != nil {
		return err
	}
	c.Want("plain", plain)
	return nil
}
