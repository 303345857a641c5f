package main

import (
	"bytes"

	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func topicVectors(g *group) {
	const rule, do = "5", "open-topic"
	alice, carol := device("alice"), device("carol")
	message := []byte(`{"v":1,"type":"text","text":"hello, all"}`)
	key, nonce, topic := some("topic key"), [wire.NonceSize]byte(some24("nonce")), some("topic")
	header := wire.Header{Kind: wire.KindTopic, Priority: wire.PriorityLow, Epoch: 2, Counter: 8, Recipients: [][32]byte{topic}}
	id := alice.Public().DeviceID()
	signing := seal.TopicBytes(someMesh, id, header, nonce, message)
	signature := sign(alice, signing)
	envelope := must(seal.SealTopic(key, header, nonce, message, signature))

	g.add("topic_bytes", rule, "topic-bytes", "what the signature of a topic message covers", in("mesh", someMesh[:]), in("sender", alice.Public().Record()),
		inNumber("priority", 0), inNumber("epoch", 2), inNumber("counter", 8), inNumber("expires", 0), in("topic", topic[:]), in("nonce", nonce[:]), in("message", message), out("bytes", signing))
	g.add("seal_topic", rule, "seal-topic", "the whole envelope follows from what was drawn", in("mesh", someMesh[:]), in("private", private(alice)),
		inNumber("priority", 0), inNumber("epoch", 2), inNumber("counter", 8), inNumber("expires", 0), in("topic", topic[:]), in("nonce", nonce[:]), in("key", key[:]), in("message", message), out("envelope", envelope))
	open := func(sender *identity.Software, mesh wire.MeshID, key [32]byte, envelope []byte) []vectors.Field {
		return []vectors.Field{in("mesh", mesh[:]), in("sender", sender.Public().Record()), in("key", key[:]), in("envelope", envelope)}
	}
	g.add("open_topic", rule, do, "whoever has the topic's key opens it", append(open(alice, someMesh, key, envelope), out("message", message))...)
	bad := func(code wire.Code, name, comment string, fields []vectors.Field) {
		g.refuse(code, "open_topic_"+name, rule, do, comment, fields...)
	}
	bad(wire.CodeBadSignature, "mesh", "shown in another mesh", open(alice, wire.MeshID(some("other mesh")), key, envelope))
	bad(wire.CodeBadSignature, "sender", "shown as another device's", open(carol, someMesh, key, envelope))
	bad(wire.CodeBadBody, "key", "another key, as of another topic or epoch", open(alice, someMesh, some("other key"), envelope))
	bad(wire.CodeUnknownKind, "direct", "a direct envelope", open(alice, someMesh, key, plainEnvelope(1, 1, 96)))
	for _, c := range []struct {
		name, comment string
		at            int
		code          wire.Code
	}{
		{"priority", "the relay changed the priority", 2, wire.CodeBadSignature},
		{"epoch", "the relay changed the epoch", atEpoch + 3, wire.CodeBadSignature},
		{"counter", "the relay changed the counter", atCounter + 7, wire.CodeBadSignature},
		{"expires", "the relay changed the expiry", atCounter + 15, wire.CodeBadSignature},
		{"topic", "the relay moved it to another topic", atRecipients + 31, wire.CodeBadSignature},
		{"nonce", "the relay changed the nonce", atRecipients + 32, wire.CodeBadBody},
		{"ciphertext", "the relay changed the ciphertext", len(envelope) - 1, wire.CodeBadBody},
	} {
		bad(c.code, c.name, c.comment, open(alice, someMesh, key, with(envelope, c.at, envelope[c.at]^1)))
	}
	made := func(padded []byte, nonce [wire.NonceSize]byte) []byte {
		return wire.AppendEnvelope(nil, wire.AppendHeader(nil, header), nil, &nonce, nil, secretbox.Seal(nil, padded, &nonce, &key))
	}
	signed := join(message, signature)
	otherNonce := [wire.NonceSize]byte(some24("other nonce"))
	bad(wire.CodeBadSignature, "other_nonce", "a reader seals a signed message again under another nonce", open(alice, someMesh, key, made(seal.Pad(signed), otherNonce)))
	bad(wire.CodeBadSignature, "message", "a reader changes a message and keeps the signature", open(alice, someMesh, key, made(seal.Pad(with(signed, 30, 'j')), nonce)))
	bad(wire.CodeBadSignature, "purpose", "a signature made for another purpose", open(alice, someMesh, key, made(seal.Pad(join(message, sign(alice, identity.SigningBytes("card", message)))), nonce)))
	bad(wire.CodeBadBody, "short", "too short to hold a signature", open(alice, someMesh, key, made(seal.Pad(signature[:63]), nonce)))
	bad(wire.CodeBadBody, "padding", "filling that is not zero", open(alice, someMesh, key, made(with(seal.Pad(signed), -1, 1), nonce)))
	bad(wire.CodeBadBody, "unpadded", "no padding", open(alice, someMesh, key, made(signed, nonce)))
}

func cardVectors(g *group) {
	const rule, do = "10", "open-card"
	alice, carol := device("alice"), device("carol")
	json := []byte(`{"v":1,"kind":"person","status":"idle","summary":"","host":"","directory":"","model":"","tags":[],"client":"a client"}`)
	session := some("session")
	of := seal.CardOf{Mesh: someMesh, Device: alice.Public().DeviceID(), Session: wire.SessionID(session[:16]), Version: 3}
	key, nonce := some("card key"), [wire.NonceSize]byte(some24("nonce"))
	signature := sign(alice, of.SigningBytes(json))
	card := must(seal.SealCard(bytes.NewReader(nonce[:]), key, 2, json, signature))
	given := func(mesh wire.MeshID, sender *identity.Software, session []byte, version uint64, key [32]byte) []vectors.Field {
		return []vectors.Field{in("mesh", mesh[:]), in("sender", sender.Public().Record()), in("session", session), inNumber("version", version), in("key", key[:])}
	}
	g.add("seal_card", rule, "seal-card", "the whole card follows from what was drawn", in("mesh", someMesh[:]), in("private", private(alice)), in("session", session[:16]), inNumber("version", 3),
		inNumber("epoch", 2), in("key", key[:]), in("nonce", nonce[:]), in("json", json), out("card", card))
	honest := given(someMesh, alice, session[:16], 3, key)
	withCard := func(fields []vectors.Field, card []byte) []vectors.Field {
		return append(append([]vectors.Field{}, fields...), in("card", card))
	}
	g.add("open_card", rule, do, "a card of a session", append(withCard(honest, card), outNumber("epoch", 2), out("json", json))...)
	bad := func(code wire.Code, name, comment string, fields []vectors.Field) {
		g.refuse(code, "open_card_"+name, rule, do, comment, fields...)
	}
	bad(wire.CodeBadSignature, "mesh", "shown in another mesh", withCard(given(wire.MeshID(some("other mesh")), alice, session[:16], 3, key), card))
	bad(wire.CodeBadSignature, "device", "shown as another device's", withCard(given(someMesh, carol, session[:16], 3, key), card))
	bad(wire.CodeBadSignature, "session", "shown as another session's", withCard(given(someMesh, alice, session[16:], 3, key), card))
	bad(wire.CodeBadSignature, "version", "shown as a newer version", withCard(given(someMesh, alice, session[:16], 4, key), card))
	bad(wire.CodeBadBody, "key", "the key of another epoch", withCard(given(someMesh, alice, session[:16], 3, some("other key")), card))
	bad(wire.CodeBadBody, "changed", "the last byte changed", withCard(honest, with(card, -1, card[len(card)-1]^1)))
	bad(wire.CodeBadBody, "short", "too short to hold a signature", withCard(honest, join(card[:4], must(seal.SealBytes(bytes.NewReader(nonce[:]), key, signature[:63])))))
	bad(wire.CodeMalformed, "cut", "cut inside the nonce", withCard(honest, card[:20]))
	bad(wire.CodeMalformed, "epoch_0", "epochs begin with 1", withCard(honest, join(make([]byte, 4), card[4:])))
	bad(wire.CodeTooLarge, "too_large", "one byte over 8 KiB", withCard(honest, join(card[:4], make([]byte, wire.MaxCard-3))))
}
