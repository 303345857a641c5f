package main

import (
	"context"
	"crypto/rand"
	"slices"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// operations give the name of what comes out, and its bytes.
var operations = map[string]func(given) (string, []byte, error){
	"device": func(given) (string, []byte, error) {
		d, err := identity.Generate(rand.Reader)
		if err != nil {
			return "", nil, err
		}
		private := d.Private()
		return "private", private[:], nil
	},
	"shared-key": func(g given) (string, []byte, error) {
		key, err := g.device().SharedKey(context.Background(), g.key("box"))
		return "key", key[:], err
	},
	"sign": func(g given) (string, []byte, error) {
		return "signature", g.sign(identity.SigningBytes(string(g.bytes("purpose")), g.bytes("data"))), nil
	},
	"verify": func(g given) (string, []byte, error) {
		if !identity.VerifyPurpose(g.key("sign"), string(g.bytes("purpose")), g.bytes("signature"), g.bytes("data")) {
			return "", nil, wire.Refuse(wire.CodeBadSignature)
		}
		return "data", g.bytes("data"), nil
	},
	"seal-bytes": func(g given) (string, []byte, error) {
		sealed, err := seal.SealBytes(rand.Reader, g.key("key"), g.bytes("plain"))
		return "sealed", sealed, err
	},
	"open-bytes": func(g given) (string, []byte, error) {
		plain, err := seal.OpenBytes(g.key("key"), g.bytes("sealed"))
		return "plain", plain, err
	},
	"seal-direct": sealDirect,
	"open-direct": openDirect,
	"seal-topic":  sealTopic,
	"open-topic":  openTopic,
	"seal-card":   sealCard,
	"open-card": func(g given) (string, []byte, error) {
		json, err := seal.OpenCard(g.key("key"), g.card(g.record("sender").DeviceID()), g.record("sender").Sign, g.bytes("card"))
		return "json", json, err
	},
	"seal-anonymous": func(g given) (string, []byte, error) {
		to := g.key("box")
		sealed, err := box.SealAnonymous(nil, g.bytes("plain"), &to, rand.Reader)
		return "sealed", sealed, err
	},
	"open-anonymous": openAnonymous,
	"seal-profile": func(g given) (string, []byte, error) {
		sealed, err := keyring.SealProfile(rand.Reader, g.key("root"), g.epoch(), keyring.Profile{Name: string(g.bytes("name"))})
		return "sealed", sealed, err
	},
	"open-profile": func(g given) (string, []byte, error) {
		p, err := keyring.OpenProfile(g.key("root"), g.epoch(), g.bytes("sealed"))
		return "name", []byte(p.Name), err
	},
	"wrap": func(g given) (string, []byte, error) {
		to := g.record("device")
		w := keyring.Wrap{Mesh: g.key("mesh"), Author: g.device().Public().DeviceID(), Device: to.DeviceID(), Epoch: g.epoch()}
		nonce, sealed, err := w.Seal(rand.Reader, g.key("root"), g.shared(to.Box))
		return "wrap", append(nonce[:], sealed...), err
	},
	"unwrap": func(g given) (string, []byte, error) {
		author := g.record("author")
		w := keyring.Wrap{Mesh: g.key("mesh"), Author: author.DeviceID(), Device: g.device().Public().DeviceID(), Epoch: g.epoch()}
		root, err := w.Open([wire.NonceSize]byte(g.bytes("nonce")), g.bytes("box"), g.shared(author.Box), g.key("commitment"))
		return "root", root[:], err
	},
	"wrap-previous": func(g given) (string, []byte, error) {
		wrapped, err := keyring.WrapPrevious(rand.Reader, g.key("root"), g.epoch(), g.key("previous"))
		return "wrapped", wrapped, err
	},
	"unwrap-previous": func(g given) (string, []byte, error) {
		previous, err := keyring.OpenPrevious(g.key("root"), g.epoch(), g.bytes("wrapped"), g.key("commitment"))
		return "previous", previous[:], err
	},
}

func sealDirect(g given) (string, []byte, error) {
	var to []seal.Recipient
	for record := range slices.Chunk(g.bytes("devices"), identity.RecordSize) {
		p := parse(record)
		to = append(to, seal.Recipient{Device: p.DeviceID(), Key: g.shared(p.Box)})
	}
	envelope, err := seal.SealDirect(rand.Reader, g.key("mesh"), g.device().Public().DeviceID(), g.header("recipients"), g.bytes("message"), to)
	return "envelope", envelope, err
}

func openDirect(g given) (string, []byte, error) {
	e, err := wire.ParseEnvelope(g.bytes("envelope"))
	if err != nil {
		return "", nil, err
	}
	sender := g.record("sender")
	message, err := seal.OpenDirect(g.key("mesh"), sender.DeviceID(), g.device().Public().DeviceID(), &e, g.shared(sender.Box))
	return "message", message, err
}

func sealTopic(g given) (string, []byte, error) {
	nonce, err := seal.Nonce(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	h, message := g.header("topic"), g.bytes("message")
	signature := g.sign(seal.TopicBytes(g.key("mesh"), g.device().Public().DeviceID(), h, nonce, message))
	envelope, err := seal.SealTopic(g.key("key"), h, nonce, message, signature)
	return "envelope", envelope, err
}

func openTopic(g given) (string, []byte, error) {
	e, err := wire.ParseEnvelope(g.bytes("envelope"))
	if err != nil {
		return "", nil, err
	}
	sender := g.record("sender")
	message, err := seal.OpenTopic(g.key("key"), g.key("mesh"), sender.DeviceID(), sender.Sign, &e)
	return "message", message, err
}

func sealCard(g given) (string, []byte, error) {
	signature := g.sign(g.card(g.device().Public().DeviceID()).SigningBytes(g.bytes("json")))
	card, err := seal.SealCard(rand.Reader, g.key("key"), g.epoch(), g.bytes("json"), signature)
	return "card", card, err
}

func openAnonymous(g given) (string, []byte, error) {
	ephemeral, err := seal.EphemeralKey(g.bytes("sealed"))
	if err != nil {
		return "", nil, err
	}
	plain, err := seal.OpenAnonymous(g.bytes("sealed"), g.device().Public().Box, g.shared(ephemeral))
	return "plain", plain, err
}
