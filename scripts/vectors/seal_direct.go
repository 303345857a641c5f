package main

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// sent is a direct envelope in the making. Its fields can be set apart from one another, so that a vector can hold what a
// dishonest sender makes.
type sent struct {
	mesh       wire.MeshID
	sender     *identity.Software
	header     wire.Header
	key        [32]byte
	nonce      [wire.NonceSize]byte
	padded     []byte
	commitment [32]byte
	to         []*identity.Software

	// What the stanzas say, where it is not what the envelope is.
	domain         string
	stanzaSender   wire.DeviceID
	stanzaReceiver *wire.DeviceID
	stanzaKey      [32]byte
	ciphertext     []byte
}

func newSent(message []byte, to ...*identity.Software) sent {
	key := some("message key")
	member := device("bob").Public().DeviceID()
	alice := device("alice")
	s := sent{
		mesh: someMesh, sender: alice, key: key, nonce: [wire.NonceSize]byte(some24("nonce")), padded: seal.Pad(message),
		commitment: wire.Derive(key[:], "envelope-commit"), to: to,
		header: wire.Header{Kind: wire.KindDirect, Priority: wire.PriorityNext, Epoch: 2, Counter: 7, Expires: 1767225600, Recipients: [][32]byte{member}},
		domain: "stanza", stanzaSender: alice.Public().DeviceID(), stanzaKey: key,
	}
	slices.SortFunc(s.to, func(a, b *identity.Software) int {
		x, y := a.Public().DeviceID(), b.Public().DeviceID()
		return bytes.Compare(x[:], y[:])
	})
	return s
}

func stanzaNonce(i int) [wire.NonceSize]byte {
	return [wire.NonceSize]byte(some24("stanza " + string(rune('a'+i))))
}

func (s sent) envelope() []byte {
	header := wire.AppendHeader(nil, s.header)
	ciphertext := s.ciphertext
	if ciphertext == nil {
		ciphertext = secretbox.Seal(nil, s.padded, &s.nonce, &s.key)
	}
	sender := s.sender.Public().DeviceID()
	context := wire.HashOf("context", s.mesh[:], sender[:], header, s.commitment[:], s.nonce[:], ciphertext)
	stanzas := make([]wire.Stanza, len(s.to))
	for i, d := range s.to {
		stanzas[i].Device, stanzas[i].Nonce = d.Public().DeviceID(), stanzaNonce(i)
		receiver := stanzas[i].Device
		if s.stanzaReceiver != nil {
			receiver = *s.stanzaReceiver
		}
		inner := identity.SigningBytes(s.domain, s.stanzaSender[:], receiver[:], s.stanzaKey[:], context[:])
		copy(stanzas[i].Box[:], seal.Box(stanzas[i].Nonce, inner, shared(s.sender, d)))
	}
	return wire.AppendEnvelope(nil, header, &s.commitment, &s.nonce, stanzas, ciphertext)
}

func directVectors(g *group) {
	const rule, do = "5", "open-direct"
	alice, bob, bob2, carol := device("alice"), device("bob"), device("bob's other"), device("carol")
	message := []byte(`{"v":1,"type":"text","text":"hello"}`)
	honest := newSent(message, bob, bob2)
	envelope := honest.envelope()
	openBy := func(receiver, sender *identity.Software, mesh wire.MeshID, envelope []byte) []vectors.Field {
		return []vectors.Field{in("mesh", mesh[:]), in("sender", sender.Public().Record()), in("private", private(receiver)), in("envelope", envelope)}
	}
	open := func(envelope []byte) []vectors.Field { return openBy(bob, alice, someMesh, envelope) }
	g.add("open_direct", rule, do, "the recipient's device opens it", append(open(envelope), out("message", message))...)
	g.add("open_direct_other_device", rule, do, "so does the recipient's other device", append(openBy(bob2, alice, someMesh, envelope), out("message", message))...)
	e := must(wire.ParseEnvelope(envelope))
	handed := e.AppendForDevice(nil, bob.Public().DeviceID())
	g.add("open_direct_handed", rule, do, "as the relay hands it on, with one stanza", append(open(handed), out("message", message))...)
	empty := newSent(nil, bob)
	g.add("open_direct_empty", rule, do, "an empty message", append(open(empty.envelope()), out("message", nil))...)

	var records, nonces []byte
	for i, d := range honest.to {
		n := stanzaNonce(i)
		records, nonces = append(records, d.Public().Record()...), append(nonces, n[:]...)
	}
	recipient := honest.header.Recipients[0]
	g.add("seal_direct", rule, "seal-direct", "the whole envelope follows from what was drawn", in("mesh", someMesh[:]), in("private", private(alice)),
		inNumber("priority", 1), inNumber("epoch", 2), inNumber("counter", 7), inNumber("expires", 1767225600), in("recipients", recipient[:]),
		in("devices", records), in("key", honest.key[:]), in("nonce", honest.nonce[:]), in("stanza_nonces", nonces), in("message", message), out("envelope", envelope))

	bad := func(code wire.Code, name, comment string, fields []vectors.Field) {
		g.refuse(code, "open_direct_"+name, rule, do, comment, fields...)
	}
	changed := func(name, comment string, at int) {
		bad(wire.CodeBadStanza, name, comment, open(with(envelope, at, envelope[at]^1)))
	}
	bad(wire.CodeBadStanza, "mesh", "shown in another mesh", openBy(bob, alice, wire.MeshID(some("other mesh")), envelope))
	bad(wire.CodeBadStanza, "sender", "shown as another device's", openBy(bob, carol, someMesh, envelope))
	bad(wire.CodeBadStanza, "no_stanza", "a device that has no stanza", openBy(carol, alice, someMesh, envelope))
	bad(wire.CodeUnknownKind, "topic", "a topic envelope", open(plainTopic(96)))
	atStanza := bytes.Index(envelope, e.RawStanza(0))
	id, id2 := e.StanzaDevice(0), e.StanzaDevice(1)
	relabelled := join(handed[:atStanza-1], []byte{1}, id2[:], e.RawStanza(0)[32:], handed[atStanza+wire.StanzaSize:])
	other := bob2
	if bob2.Public().DeviceID() != id2 {
		other = bob
	}
	bad(wire.CodeBadStanza, "stanza_relabelled", "the stanza of another device under this device's id", openBy(other, alice, someMesh, relabelled))
	for _, c := range []struct {
		name, comment string
		at            int
	}{
		{"priority", "the relay changed the priority", 2},
		{"epoch", "the relay changed the epoch", atEpoch + 3},
		{"counter", "the relay changed the counter", atCounter + 7},
		{"expires", "the relay changed the expiry", atCounter + 15},
		{"recipient", "the relay changed the recipient", atRecipients + 31},
		{"commitment", "the relay changed the commitment", atRecipients + 32},
		{"nonce", "the relay changed the nonce", atRecipients + 64},
		{"stanza_nonce", "the relay changed a stanza's nonce", atStanza + 32},
		{"stanza_box", "the relay changed a stanza's box", atStanza + 32 + wire.NonceSize},
		{"ciphertext", "the relay changed the ciphertext", len(envelope) - 1},
	} {
		s := c
		if s.at >= atStanza && s.at < len(envelope)-1 && id != bob.Public().DeviceID() {
			s.at += wire.StanzaSize
		}
		changed(s.name, s.comment, s.at)
	}
	cut := join(envelope[:len(envelope)-len(e.Ciphertext)-4], wire.AppendBytes32(nil, e.Ciphertext[:len(e.Ciphertext)-1]))
	bad(wire.CodeBadStanza, "ciphertext_cut", "the relay cut the ciphertext", open(cut))

	dishonest := func(code wire.Code, name, comment string, change func(*sent)) {
		s := newSent(message, bob)
		change(&s)
		bad(code, name, comment, open(s.envelope()))
	}
	dishonest(wire.CodeBadStanza, "stanza_domain", "a box made for another purpose", func(s *sent) { s.domain = "rotati" })
	dishonest(wire.CodeBadStanza, "stanza_sender", "a stanza that names another sending device", func(s *sent) { s.stanzaSender = carol.Public().DeviceID() })
	dishonest(wire.CodeBadStanza, "stanza_receiver", "a stanza that names another receiving device", func(s *sent) {
		id := carol.Public().DeviceID()
		s.stanzaReceiver = &id
	})
	dishonest(wire.CodeBadStanza, "other_commitment", "a sender that commits to another key", func(s *sent) {
		other := some("other key")
		s.commitment = wire.Derive(other[:], "envelope-commit")
	})
	dishonest(wire.CodeBadStanza, "other_key", "a stanza with a key that the envelope does not commit to", func(s *sent) { s.stanzaKey = some("other key") })
	dishonest(wire.CodeBadBody, "body_other_key", "a body sealed with another key", func(s *sent) {
		other := some("other key")
		s.ciphertext = secretbox.Seal(nil, s.padded, &s.nonce, &other)
	})
	dishonest(wire.CodeBadBody, "body_short", "a body too short to hold a tag", func(s *sent) { s.ciphertext = []byte("short") })
	dishonest(wire.CodeBadBody, "body_padding", "filling that is not zero", func(s *sent) { s.padded = with(s.padded, -1, 1) })
	dishonest(wire.CodeBadBody, "body_unpadded", "no padding", func(s *sent) { s.padded = message })
	dishonest(wire.CodeBadBody, "body_larger", "more padding than the length calls for", func(s *sent) { s.padded = join(s.padded, make([]byte, 64)) })
}
