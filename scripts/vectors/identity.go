package main

import (
	"bytes"
	"context"
	"crypto/sha512"
	"math/big"
	"slices"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// device is a device whose keys follow from a label.
func device(label string) *identity.Software {
	return must(identity.Generate(seeded("device %s", label)))
}

func private(d *identity.Software) []byte {
	p := d.Private()
	return p[:]
}

func sign(d *identity.Software, message []byte) []byte {
	return must(d.Sign(context.Background(), message))
}

func shared(a, b *identity.Software) identity.SharedKey {
	return must(a.SharedKey(context.Background(), b.Public().Box))
}

func identityVectors(g *group) {
	alice, bob := device("alice"), device("bob")
	p, id := alice.Public(), alice.Public().DeviceID()
	g.add("device", "2", "device", "the public keys of a private half (seed ‖ scalar), the record and the id", in("private", private(alice)),
		out("sign", p.Sign[:]), out("box", p.Box[:]), out("record", p.Record()), out("id", id[:]))
	g.refuse(wire.CodeBadKey, "device_no_seed", "2", "device", "a private half that was lost: the seed is zero", in("private", join(make([]byte, 32), private(alice)[32:])))
	g.refuse(wire.CodeBadKey, "device_no_scalar", "2", "device", "a private half that was lost: the scalar is zero", in("private", join(private(alice)[:32], make([]byte, 32))))
	recordVectors(g, p)
	sharedKeyVectors(g, alice, bob)
	signatureVectors(g, alice, bob)
}

var (
	prime      = plus(new(big.Int).Lsh(big.NewInt(1), 255), -19)
	groupOrder = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 252), must2(new(big.Int).SetString("27742317777372353535851937790883648493", 10)))
)

// orderEight are the y of two Ed25519 points of order 8 and the u of the X25519 points that they map to. Doubling such a
// point gives y = 0, so x² = −y², and d·y⁴ + 2y² − 1 = 0 by the curve's equation; u = (1 + y)/(1 − y).
func orderEight() (y, u [2]*big.Int) {
	field := func(n *big.Int) *big.Int { return n.Mod(n, prime) }
	over := func(n, m *big.Int) *big.Int { return field(new(big.Int).Mul(n, new(big.Int).ModInverse(m, prime))) }
	d := over(big.NewInt(-121665), big.NewInt(121666))
	root := new(big.Int).ModSqrt(plus(d, 1), prime)
	square := over(plus(root, -1), d)
	if big.Jacobi(square, prime) != 1 {
		square = over(plus(new(big.Int).Neg(root), -1), d)
	}
	y[0] = new(big.Int).ModSqrt(square, prime)
	y[1] = new(big.Int).Sub(prime, y[0])
	for i := range y {
		u[i] = over(plus(y[i], 1), field(plus(new(big.Int).Neg(y[i]), 1)))
	}
	return y, u
}

func must2[T any](v T, ok bool) T {
	if !ok {
		panic("a number cannot be read")
	}
	return v
}

// little is a number as 32 bytes, little-endian.
func little(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func number(b []byte) *big.Int {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// smallOrderBox is an X25519 key of order 8.
func smallOrderBox() []byte {
	_, u := orderEight()
	return little(u[0])
}

func plus(n *big.Int, m int64) *big.Int { return new(big.Int).Add(n, big.NewInt(m)) }

func recordVectors(g *group, p identity.Public) {
	const rule, do = "2", "record"
	record := p.Record()
	id := p.DeviceID()
	g.add("record", rule, do, "a device record", in("record", record), out("sign", p.Sign[:]), out("box", p.Box[:]), out("id", id[:]))
	g.refuse(wire.CodeMalformed, "record_short", rule, do, "one byte is missing", in("record", record[:64]))
	g.refuse(wire.CodeMalformed, "record_long", rule, do, "one byte too many", in("record", join(record, []byte{0})))
	g.refuse(wire.CodeUnsupported, "record_suite", rule, do, "suite 2", in("record", with(record, 0, 2)))

	withSign := func(key []byte) []byte { return join(record[:1], key, record[33:]) }
	withBox := func(key []byte) []byte { return join(record[:33], key) }
	bad := func(name, comment string, record []byte) {
		g.refuse(wire.CodeBadKey, "record_"+name, rule, do, comment, in("record", record))
	}
	eightY, eightU := orderEight()
	for _, c := range []struct {
		name, comment string
		y             *big.Int
	}{
		{"identity", "the neutral point", big.NewInt(1)},
		{"order_2", "the point of order 2", plus(prime, -1)},
		{"order_4", "a point of order 4", big.NewInt(0)},
		{"order_8", "a point of order 8", eightY[0]},
		{"order_8_other", "another point of order 8", eightY[1]},
	} {
		bad("sign_"+c.name, c.comment+" as Ed25519 key", withSign(little(c.y)))
		negative := little(c.y)
		negative[31] |= 0x80
		bad("sign_"+c.name+"_negative", c.comment+" as Ed25519 key, with the sign bit", withSign(negative))
	}
	bad("sign_prime", "the y of an Ed25519 key is 2^255 − 19, a second encoding of 0", withSign(little(prime)))
	bad("sign_prime_and_3", "a y of 2^255 − 16, a second encoding of 3", withSign(little(plus(prime, 3))))
	bad("sign_largest", "a y of 2^255 − 1, with the sign bit", withSign(bytes.Repeat([]byte{0xff}, 32)))
	for _, c := range []struct {
		name, comment string
		u             *big.Int
	}{
		{"zero", "0", big.NewInt(0)},
		{"one", "1", big.NewInt(1)},
		{"minus_one", "−1", plus(prime, -1)},
		{"order_8", "a point of order 8", eightU[0]},
		{"order_8_other", "another point of order 8", eightU[1]},
	} {
		bad("box_"+c.name, "an X25519 key of small order: "+c.comment, withBox(little(c.u)))
	}
	bad("box_prime", "an X25519 key of 2^255 − 19, a second encoding of 0", withBox(little(prime)))
	bad("box_prime_and_9", "an X25519 key of 2^255 − 10, a second encoding of 9", withBox(little(plus(prime, 9))))
	high := bytes.Clone(p.Box[:])
	high[31] |= 0x80
	bad("box_high_bit", "an X25519 key with the highest bit set, which X25519 itself ignores", withBox(high))
}

func sharedKeyVectors(g *group, alice, bob *identity.Software) {
	const rule, do = "2", "shared-key"
	key := shared(alice, bob)
	a, b := alice.Public(), bob.Public()
	g.add("shared_key", rule, do, "X25519 and then HSalsa20", in("private", private(alice)), in("box", b.Box[:]), out("key", key[:]))
	g.add("shared_key_other_way", rule, do, "the same from the other side", in("private", private(bob)), in("box", a.Box[:]), out("key", key[:]))
	g.refuse(wire.CodeBadKey, "shared_key_small_order", rule, do, "a key of small order", in("private", private(alice)), in("box", smallOrderBox()))

	point := some("point")
	after := must(identity.AfterCurve(point))
	g.add("after_curve", rule, "after-curve", "HSalsa20 of a scalar product", in("point", point[:]), out("key", after[:]))
	g.refuse(wire.CodeBadKey, "after_curve_zero", rule, "after-curve", "a product of zero", in("point", make([]byte, 32)))
}

func signatureVectors(g *group, alice, bob *identity.Software) {
	const rule, do, purpose = "1", "verify", "example"
	data := []byte("data")
	message := identity.SigningBytes(purpose, data)
	signature := sign(alice, message)
	a, b := alice.Public().Sign, bob.Public().Sign
	g.add("sign", rule, "sign", "Ed25519 over D(purpose) ‖ data", in("private", private(alice)), inText("purpose", purpose), in("data", data), out("signature", signature))
	g.add("verify", rule, do, "a signature that fits", in("sign", a[:]), inText("purpose", purpose), in("data", data), in("signature", signature))
	bad := func(name, comment string, key [32]byte, purpose string, data, signature []byte) {
		g.refuse(wire.CodeBadSignature, "verify_"+name, rule, do, comment, in("sign", key[:]), inText("purpose", purpose), in("data", data), in("signature", signature))
	}
	bad("other_data", "other data", a, purpose, []byte("date"), signature)
	bad("other_purpose", "made for another purpose", a, "exampl", append([]byte("e\x00"), data...), signature)
	bad("other_key", "of another device", b, purpose, data, signature)
	bad("short", "one byte is missing", a, purpose, data, signature[:63])
	bad("long", "one byte too many", a, purpose, data, join(signature, []byte{0}))
	bad("none", "no signature", a, purpose, data, nil)

	// s = r + k·a mod L, where k is the hash of R, the key and the message.
	hash := sha512.Sum512(private(alice)[:32])
	hash[0] &= 248
	hash[31] = hash[31]&63 | 64
	secret := number(hash[:32])
	times := func(r []byte) *big.Int {
		k := sha512.Sum512(join(r, a[:], message))
		n := new(big.Int).Mul(new(big.Int).Mod(number(k[:]), groupOrder), secret)
		return n.Mod(n, groupOrder)
	}
	bad("s_over_order", "S is not below the order of the group: a second encoding", a, purpose, data, join(signature[:32], little(new(big.Int).Add(number(signature[32:]), groupOrder))))
	neutral := little(big.NewInt(1))
	bad("r_small_order", "R is the neutral point, and the equation holds", a, purpose, data, join(neutral, little(times(neutral))))
	r := new(big.Int).Sub(number(signature[32:]), times(signature[:32]))
	opposite := oppositeOf(signature[:32])
	s := new(big.Int).Add(r, times(opposite))
	bad("r_mixed_order", "the equation holds only when it is multiplied by the cofactor", a, purpose, data, join(opposite, little(s.Mod(s, groupOrder))))
	bad("small_order_key", "a key of small order, under which one signature fits every message", [32]byte(neutral), purpose, data, join(a[:], little(secret.Mod(secret, groupOrder))))

	// R + k·A loses what a has of order 2 where k is even.
	mixed := [32]byte(oppositeOf(a[:]))
	signed := map[uint][]byte{}
	for try := byte(0); len(signed) < 2; try++ {
		data := []byte{try}
		k := sha512.Sum512(join(signature[:32], mixed[:], identity.SigningBytes(purpose, data)))
		n := number(k[:])
		n.Mod(n, groupOrder)
		signed[n.Bit(0)] = join(data, signature[:32], little(n.Mod(n.Add(n.Mul(n, secret), r), groupOrder)))
	}
	g.add("verify_key_mixed_order", rule, do, "a key with a part of order 2, which the equation loses: it holds as it stands", in("sign", mixed[:]), inText("purpose", purpose), in("data", signed[0][:1]), in("signature", signed[0][1:]))
	bad("key_mixed_order_cofactor", "a key with a part of order 2: the equation holds only when it is multiplied by the cofactor", mixed, purpose, signed[1][:1], signed[1][1:])
}

// oppositeOf is an encoded Ed25519 point plus the one of order 2: (−x, −y).
func oppositeOf(point []byte) []byte {
	y := bytes.Clone(point)
	y[31] &= 0x7f
	sum := little(new(big.Int).Sub(prime, number(y)))
	sum[31] |= (point[31] ^ 0x80) & 0x80
	return sum
}
