package main

import (
	"bytes"
	"fmt"
	"io"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

func sealVectors(g *group) {
	padVectors(g)
	bytesVectors(g)
	directVectors(g)
	topicVectors(g)
	cardVectors(g)
	anonymousVectors(g)
}

func padVectors(g *group) {
	for _, n := range []int{0, 1, 60, 61, 64, 100, 124, 125, 1000, 1020, 1021, 4092, 65536, wire.MaxMessage} {
		g.add(fmt.Sprintf("padded_size_%d", n), "1", "padded-size", "the size that pad gives", inNumber("length", uint64(n)), outNumber("size", uint64(seal.PaddedSize(n))))
	}
	short, long := []byte("hello"), bytes.Repeat([]byte("0123456789"), 20)
	for _, c := range []struct {
		name, comment string
		data          []byte
	}{
		{"empty", "nothing, in the smallest size", nil},
		{"short", "a short text in the smallest size", short},
		{"exact", "a text that fills the smallest size", bytes.Repeat([]byte{1}, 60)},
		{"long", "a text whose size is rounded up", long},
	} {
		g.add("pad_"+c.name, "1", "pad", c.comment, in("data", c.data), out("padded", seal.Pad(c.data)))
		g.add("unpad_"+c.name, "1", "unpad", c.comment, in("padded", seal.Pad(c.data)), out("data", c.data))
	}
	padded := seal.Pad(short)
	bad := func(name, comment string, padded []byte) {
		g.refuse(wire.CodeBadBody, "unpad_"+name, "1", "unpad", comment, in("padded", padded))
	}
	bad("none", "no bytes", nil)
	bad("cut_length", "cut inside the length", padded[:3])
	bad("too_small", "less than the smallest size", padded[:63])
	bad("first_filling", "the first byte of the filling is not zero", with(padded, 9, 1))
	bad("last_filling", "the last byte of the filling is not zero", with(padded, 63, 1))
	bad("length_over", "the length is over what there is", with(padded, 3, 61))
	bad("length_huge", "the largest length", join([]byte{0xff, 0xff, 0xff, 0xff}, padded[4:]))
	bad("larger", "a larger size than the length calls for", join(padded, make([]byte, 2)))
	bad("smaller", "a smaller size than the length calls for", seal.Pad(long)[:len(long)+4])
	bad("next_size", "the size of the next step", join(seal.Pad(long), make([]byte, seal.PaddedSize(len(seal.Pad(long)))-len(seal.Pad(long)))))
}

// sealRaw seals bytes as they are, so that a vector can hold what no honest sender pads.
func sealRaw(nonce [wire.NonceSize]byte, key [32]byte, plain []byte) []byte {
	return must(seal.SealRaw(bytes.NewReader(nonce[:]), key, plain))
}

func bytesVectors(g *group) {
	key, nonce := some("key"), [wire.NonceSize]byte(some24("nonce"))
	plain := []byte(`{"name":"a name"}`)
	sealed := must(seal.SealBytes(bytes.NewReader(nonce[:]), key, plain))
	g.add("seal_bytes", "1", "seal-bytes", "nonce ‖ secretbox(pad(plain), nonce, key)", in("key", key[:]), in("nonce", nonce[:]), in("plain", plain), out("sealed", sealed))
	g.add("open_bytes", "1", "open-bytes", "the way back", in("key", key[:]), in("sealed", sealed), out("plain", plain))
	bad := func(name, comment string, key [32]byte, sealed []byte) {
		g.refuse(wire.CodeBadBody, "open_bytes_"+name, "1", "open-bytes", comment, in("key", key[:]), in("sealed", sealed))
	}
	bad("none", "no bytes", key, nil)
	bad("cut_nonce", "cut inside the nonce", key, sealed[:20])
	bad("cut_tag", "cut inside the tag", key, sealed[:seal.Overhead-1])
	bad("cut", "one byte is missing", key, sealed[:len(sealed)-1])
	bad("nonce", "another nonce", key, with(sealed, 0, sealed[0]^1))
	bad("changed", "the last byte changed", key, with(sealed, -1, sealed[len(sealed)-1]^1))
	bad("key", "another key", some("other key"), sealed)
	bad("padding", "sealed without padding", key, sealRaw(nonce, key, plain))
}

func anonymousVectors(g *group) {
	bob, carol := device("bob"), device("carol")
	key := bob.Public().Box
	plain := []byte("an escrow")
	sealed := must(box.SealAnonymous(nil, plain, &key, struct{ io.Reader }{seeded("ephemeral")}))
	const rule, do = "4", "open-anonymous"
	g.add("open_anonymous", rule, do, "box_seal to a device", in("private", private(bob)), in("sealed", sealed), out("plain", plain))
	empty := must(box.SealAnonymous(nil, nil, &key, struct{ io.Reader }{seeded("ephemeral")}))
	g.add("open_anonymous_empty", rule, do, "nothing, sealed", in("private", private(bob)), in("sealed", empty), out("plain", nil))
	g.refuse(wire.CodeBadBody, "open_anonymous_cut", rule, do, "one byte is missing", in("private", private(bob)), in("sealed", sealed[:len(sealed)-1]))
	g.refuse(wire.CodeBadBody, "open_anonymous_short", rule, do, "too short to hold a key and a tag", in("private", private(bob)), in("sealed", sealed[:seal.AnonymousOverhead-1]))
	g.refuse(wire.CodeBadBody, "open_anonymous_changed", rule, do, "the last byte changed", in("private", private(bob)), in("sealed", with(sealed, -1, sealed[len(sealed)-1]^1)))
	g.refuse(wire.CodeBadBody, "open_anonymous_other", rule, do, "sealed to another device", in("private", private(carol)), in("sealed", sealed))
	g.refuse(wire.CodeBadKey, "open_anonymous_small_order", rule, do, "an ephemeral key of small order", in("private", private(bob)), in("sealed", join(smallOrderBox(), sealed[32:])))
}
