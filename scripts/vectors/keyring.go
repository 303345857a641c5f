package main

import (
	"bytes"
	"fmt"
	"strings"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func keyringVectors(g *group) {
	root, topic := some("root"), wire.TopicID(some("topic"))
	for _, epoch := range []uint32{1, 258} {
		commitment, previous := keyring.Commitment(root, epoch), [32]byte(keyring.PreviousKey(root, epoch))
		name, profile, card := [32]byte(keyring.NameKey(root, epoch)), [32]byte(keyring.ProfileKey(root, epoch)), [32]byte(keyring.CardKey(root, epoch))
		topicKey := [32]byte(keyring.TopicKey(root, epoch, topic))
		g.add(fmt.Sprintf("keys_epoch_%d", epoch), "2", "keys", "what follows from a root key", in("root", root[:]), inNumber("epoch", uint64(epoch)), in("topic", topic[:]),
			out("commitment", commitment[:]), out("name_key", name[:]), out("profile_key", profile[:]), out("card_key", card[:]), out("topic_key", topicKey[:]), out("previous_key", previous[:]))
	}
	commitment := keyring.Commitment(root, 2)
	check := func(root [32]byte, epoch uint64, commitment [32]byte) []vectors.Field {
		return []vectors.Field{in("root", root[:]), inNumber("epoch", epoch), in("commitment", commitment[:])}
	}
	g.add("check_root", "2", "check-root", "the root key that the roster commits to", check(root, 2, commitment)...)
	g.refuse(wire.CodeBadCommitment, "check_root_other", "2", "check-root", "another root key", check(some("other root"), 2, commitment)...)
	g.refuse(wire.CodeBadCommitment, "check_root_epoch", "2", "check-root", "the root key under another epoch", check(root, 3, commitment)...)
	g.refuse(wire.CodeBadCommitment, "check_root_epoch_0", "2", "check-root", "epochs begin with 1", check(root, 0, keyring.Commitment(root, 0))...)
	nameVectors(g, root)
	wrapVectors(g)
}

func nameVectors(g *group, root [32]byte) {
	const rule, epoch = "2", 2
	nonce := [wire.NonceSize]byte(some24("nonce"))
	keys := map[string]seal.Key{"mesh-name": keyring.NameKey(root, epoch), "topic-name": keyring.NameKey(root, epoch), "profile": keyring.ProfileKey(root, epoch)}
	vectorName := func(do, name string) string { return strings.ReplaceAll(do, "-", "_") + name }
	sealed := func(do, json string) []byte {
		return must(seal.SealBytes(bytes.NewReader(nonce[:]), keys[do], []byte(json)))
	}
	given := func(sealed []byte) []vectors.Field {
		return []vectors.Field{in("root", root[:]), inNumber("epoch", epoch), in("sealed", sealed)}
	}
	ok := func(do, name, comment, json string, fields ...vectors.Field) {
		g.add(vectorName(do, name), rule, do, comment, append(append(given(sealed(do, json)), inText("json", json), in("nonce", nonce[:])), fields...)...)
	}
	ok("mesh-name", "", "a mesh's name", `{"name":"a mesh"}`, outText("name", "a mesh"))
	longest := strings.Repeat("\U0001f4a1", 64)
	ok("mesh-name", "_64_characters", "64 characters, of 4 bytes each", `{"name":"`+longest+`"}`, outText("name", longest))
	ok("topic-name", "", "a topic's name", `{"name":"deploys_2026-v1.2","description":"What goes out."}`, outText("name", "deploys_2026-v1.2"), outText("description", "What goes out."))
	ok("topic-name", "_no_description", "a topic without description", `{"name":"a","description":""}`, outText("name", "a"), outText("description", ""))
	ok("profile", "", "a member's profile", `{"name":"Alice Ångström","groups":["core","on-call"]}`, outText("name", "Alice Ångström"), outText("groups", "core\non-call"))
	ok("profile", "_no_groups", "a profile without groups", `{"name":"Alice","groups":[]}`, outText("name", "Alice"), outText("groups", ""))

	bad := func(code wire.Code, do, name, comment, json string) {
		g.refuse(code, vectorName(do, "_"+name), rule, do, comment, given(sealed(do, json))...)
	}
	malformed := func(do, name, comment, json string) { bad(wire.CodeMalformed, do, name, comment, json) }
	malformed("mesh-name", "empty", "an empty name", `{"name":""}`)
	malformed("mesh-name", "absent", "no name", `{}`)
	malformed("mesh-name", "65_characters", "65 characters", `{"name":"`+strings.Repeat("a", 65)+`"}`)
	malformed("mesh-name", "space_before", "white space in front", `{"name":" a"}`)
	malformed("mesh-name", "space_after", "white space behind, of any kind", "{\"name\":\"a\u3000\"}")
	malformed("mesh-name", "control", "a control character", `{"name":"a\u0007b"}`)
	malformed("mesh-name", "line", "a line break", `{"name":"a\nb"}`)
	malformed("mesh-name", "line_separator", "a line separator", `{"name":"a\u2028b"}`)
	malformed("mesh-name", "paragraph_separator", "a paragraph separator", `{"name":"a\u2029b"}`)
	malformed("mesh-name", "direction", "a mark that turns the direction of writing", `{"name":"a\u202eb"}`)
	bad(wire.CodeUnknownField, "mesh-name", "unknown_field", "a field that a mesh does not have", `{"name":"a","description":"b"}`)
	malformed("topic-name", "upper_case", "a topic is lower-case", `{"name":"Deploys","description":""}`)
	malformed("topic-name", "space", "a topic has no spaces", `{"name":"a b","description":""}`)
	malformed("topic-name", "65_characters", "65 characters", `{"name":"`+strings.Repeat("a", 65)+`","description":""}`)
	malformed("topic-name", "empty", "an empty name", `{"name":"","description":""}`)
	malformed("topic-name", "description_501", "a description of 501 characters", `{"name":"a","description":"`+strings.Repeat("a", 501)+`"}`)
	malformed("topic-name", "description_control", "a control character in the description", `{"name":"a","description":"a\u001bb"}`)
	groups := make([]string, 17)
	for i := range groups {
		groups[i] = fmt.Sprintf(`"g%d"`, i)
	}
	malformed("profile", "17_groups", "17 groups", `{"name":"a","groups":[`+strings.Join(groups, ",")+`]}`)
	malformed("profile", "group_name", "a group that is not named like a topic", `{"name":"a","groups":["Core"]}`)
	malformed("profile", "group_twice", "a group named twice", `{"name":"a","groups":["a","a"]}`)
	malformed("profile", "not_json", "no JSON", `name`)

	profile := sealed("profile", `{"name":"a","groups":[]}`)
	g.refuse(wire.CodeBadBody, "profile_as_mesh_name", rule, "mesh-name", "a profile put in the place of a mesh's name", given(profile)...)
	g.refuse(wire.CodeBadBody, "profile_other_epoch", rule, "profile", "the root key of another epoch", in("root", root[:]), inNumber("epoch", epoch+1), in("sealed", profile))
	g.refuse(wire.CodeBadBody, "profile_cut", rule, "profile", "one byte is missing", given(profile[:len(profile)-1])...)
	g.refuse(wire.CodeTooLarge, "profile_too_large", rule, "profile", "one byte over 4096", given(make([]byte, wire.MaxSealedName+1))...)
}

func wrapVectors(g *group) {
	const rule, epoch = "3.2", 3
	alice, bob, carol := device("alice"), device("bob"), device("carol")
	root, previous := some("root"), some("previous root")
	w := keyring.Wrap{Mesh: someMesh, Author: alice.Public().DeviceID(), Device: bob.Public().DeviceID(), Epoch: epoch}
	nonce := [wire.NonceSize]byte(some24("nonce"))
	_, box, err := w.Seal(bytes.NewReader(nonce[:]), root, shared(alice, bob))
	must(box, err)
	commitment := keyring.Commitment(root, epoch)
	g.add("wrap", rule, "wrap", "a new root key for a device that remains", in("mesh", someMesh[:]), in("private", private(alice)), in("device", bob.Public().Record()),
		inNumber("epoch", epoch), in("root", root[:]), in("nonce", nonce[:]), out("box", box))
	given := func(mesh wire.MeshID, author, receiver *identity.Software, epoch uint64, box []byte, commitment [32]byte) []vectors.Field {
		return []vectors.Field{in("mesh", mesh[:]), in("author", author.Public().Record()), in("private", private(receiver)), inNumber("epoch", epoch), in("nonce", nonce[:]), in("box", box), in("commitment", commitment[:])}
	}
	g.add("unwrap", rule, "unwrap", "the device opens its own", append(given(someMesh, alice, bob, epoch, box, commitment), out("root", root[:]))...)
	bad := func(name, comment string, fields []vectors.Field) {
		g.refuse(wire.CodeBadCommitment, name, rule, "unwrap", comment, fields...)
	}
	made := func(domain string, mesh wire.MeshID, author, receiver wire.DeviceID, epoch uint32, root []byte) []byte {
		return seal.Box(nonce, identity.SigningBytes(domain, mesh[:], author[:], receiver[:], wire.AppendU32(nil, epoch), root), shared(alice, bob))
	}
	bad("unwrap_author", "shown as another author's", given(someMesh, carol, bob, epoch, box, commitment))
	bad("unwrap_device", "another device's wrap", given(someMesh, alice, carol, epoch, box, commitment))
	bad("unwrap_cut", "one byte is missing", given(someMesh, alice, bob, epoch, box[:len(box)-1], commitment))
	bad("unwrap_changed", "the last byte changed", given(someMesh, alice, bob, epoch, with(box, -1, box[len(box)-1]^1), commitment))
	bad("unwrap_commitment", "a root key that the roster does not commit to", given(someMesh, alice, bob, epoch, made("rotation", w.Mesh, w.Author, w.Device, epoch, previous[:]), commitment))
	bad("unwrap_inner_mesh", "a wrap that names another mesh", given(someMesh, alice, bob, epoch, made("rotation", wire.MeshID(some("other mesh")), w.Author, w.Device, epoch, root[:]), commitment))
	bad("unwrap_inner_author", "a wrap that names another author", given(someMesh, alice, bob, epoch, made("rotation", w.Mesh, carol.Public().DeviceID(), w.Device, epoch, root[:]), commitment))
	bad("unwrap_inner_device", "a wrap that names another device", given(someMesh, alice, bob, epoch, made("rotation", w.Mesh, w.Author, carol.Public().DeviceID(), epoch, root[:]), commitment))
	bad("unwrap_inner_epoch", "a wrap that names another epoch", given(someMesh, alice, bob, epoch, made("rotation", w.Mesh, w.Author, w.Device, epoch+1, root[:]), commitment))
	bad("unwrap_purpose", "a box made for another purpose", given(someMesh, alice, bob, epoch, made("stanza", w.Mesh, w.Author, w.Device, epoch, root[:]), commitment))
	bad("unwrap_short", "a box with less than a key in it", given(someMesh, alice, bob, epoch, seal.Box(nonce, []byte("short"), shared(alice, bob)), commitment))

	wrapped := must(keyring.WrapPrevious(bytes.NewReader(nonce[:]), root, epoch, previous))
	before := keyring.Commitment(previous, epoch-1)
	g.add("wrap_previous", rule, "wrap-previous", "the root key of the epoch before, under the new one", in("root", root[:]), inNumber("epoch", epoch), in("previous", previous[:]), in("nonce", nonce[:]), out("wrapped", wrapped))
	back := func(root [32]byte, epoch uint64, wrapped []byte, commitment [32]byte) []vectors.Field {
		return []vectors.Field{in("root", root[:]), inNumber("epoch", epoch), in("wrapped", wrapped), in("commitment", commitment[:])}
	}
	g.add("unwrap_previous", rule, "unwrap-previous", "the way back", append(back(root, epoch, wrapped, before), out("previous", previous[:]))...)
	badBack := func(name, comment string, fields []vectors.Field) {
		g.refuse(wire.CodeBadCommitment, "unwrap_previous_"+name, rule, "unwrap-previous", comment, fields...)
	}
	badBack("root", "another root key", back(some("other root"), epoch, wrapped, before))
	badBack("epoch", "another epoch", back(root, epoch+1, wrapped, before))
	badBack("commitment", "a key that the roster did not commit to", back(root, epoch, wrapped, commitment))
	badBack("cut", "one byte is missing", back(root, epoch, wrapped[:len(wrapped)-1], before))
	badBack("long", "33 bytes inside", back(root, epoch, sealRaw(nonce, [32]byte(keyring.PreviousKey(root, epoch)), append(previous[:], 0)), before))
}
