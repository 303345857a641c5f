package wycheproof_test

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/salsa20"

	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

const tagSize = 16

// TestPoly1305 holds the Poly1305 of this file to the vectors of ChaCha20-Poly1305: Wycheproof has none for secretbox.
func TestPoly1305(t *testing.T) {
	type given struct{ Key, IV, AAD, Msg, CT, Tag bits }
	type group struct{ TagSize int }
	run(t, "chacha20_poly1305_test.json", 300, func(t *testing.T, g group, v test[given]) {
		valid := v.Result == "valid"
		cipher, err := chacha20.NewUnauthenticatedCipher(v.Given.Key, v.Given.IV)
		if err != nil || len(v.Given.IV) != chacha20.NonceSize {
			if valid {
				t.Error(err)
			}
			return
		}
		var key [32]byte
		cipher.XORKeyStream(key[:], key[:])
		padded := func(b []byte) []byte { return append(slices.Clone(b), make([]byte, -len(b)&15)...) }
		text := append(padded(v.Given.AAD), padded(v.Given.CT)...)
		text = binary.LittleEndian.AppendUint64(text, uint64(len(v.Given.AAD)))
		text = binary.LittleEndian.AppendUint64(text, uint64(len(v.Given.CT)))
		tag := poly1305(key, text)
		if bytes.Equal(tag[:], v.Given.Tag) != valid {
			t.Errorf("the tag is %x", tag)
		}
	})
}

// TestSecretbox opens boxes whose accumulator ends at the edges of the field, where implementations of Poly1305 carry wrongly,
// and refuses each with any bit of its tag or text changed.
func TestSecretbox(t *testing.T) {
	ran := 0
	for seed := range byte(4) {
		key, nonce := seal.Key(bytes.Repeat([]byte{0x40 + seed}, wire.KeySize)), bytes.Repeat([]byte{seed}, wire.NonceSize)
		stream := make([]byte, 64)
		salsa20.XORKeyStream(stream, stream, nonce, (*[wire.KeySize]byte)(&key))
		oneTime := [32]byte(stream)
		for name, target := range edges() {
			ran++
			t.Run(fmt.Sprintf("%d %s", seed, name), func(t *testing.T) {
				text := textFor(oneTime, target)
				tag := poly1305(oneTime, text)
				sealed := slices.Concat(nonce, tag[:], text)
				plain := make([]byte, len(text))
				subtle.XORBytes(plain, text, stream[32:])
				opened, err := seal.OpenRaw(key, sealed)
				if err != nil || !bytes.Equal(opened, plain) {
					t.Errorf("opens to %x and not %x: %v", opened, plain, err)
				}
				if again, err := seal.SealRaw(bytes.NewReader(nonce), key, plain); err != nil || !bytes.Equal(again, sealed) {
					t.Errorf("seals to %x and not %x: %v", again, sealed, err)
				}
				for bit := range 8 * (tagSize + len(text)) {
					changed := slices.Clone(sealed)
					changed[wire.NonceSize+bit/8] ^= 1 << (bit % 8)
					if _, err := seal.OpenRaw(key, changed); wire.CodeOf(err) != wire.CodeBadBody {
						t.Errorf("opens with bit %d changed: %v", bit, err)
					}
				}
			})
		}
	}
	counted(t, ran, 396)
}

var prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))

// edges are what an accumulator may end at.
func edges() map[string]*big.Int {
	all := make(map[string]*big.Int)
	near := func(name string, n *big.Int) {
		for d := int64(-5); d <= 5; d++ {
			if m := new(big.Int).Add(n, big.NewInt(d)); m.Sign() >= 0 && m.Cmp(prime) < 0 {
				all[fmt.Sprintf("%s%+d", name, d)] = m
			}
		}
	}
	near("0", new(big.Int))
	near("p", prime)
	for _, shift := range []uint{26, 44, 52, 64, 88, 104, 128, 129} {
		near(fmt.Sprintf("2^%d", shift), new(big.Int).Lsh(big.NewInt(1), shift))
	}
	return all
}

// textFor is two blocks that bring the accumulator to target: the first is tried until the second, which follows from it, is
// below 2^128.
func textFor(key [32]byte, target *big.Int) []byte {
	r := clamped(key)
	inverse := new(big.Int).ModInverse(r, prime)
	top := new(big.Int).Lsh(big.NewInt(1), 128)
	for try := int64(0); ; try++ {
		first := big.NewInt(try)
		second := new(big.Int).Mul(target, inverse)
		second.Sub(second, new(big.Int).Mul(new(big.Int).Add(first, top), r)).Sub(second, top).Mod(second, prime)
		if second.Cmp(top) < 0 {
			return append(little(first), little(second)...)
		}
	}
}

// poly1305 is RFC 8439's, in whole numbers.
func poly1305(key [32]byte, text []byte) [tagSize]byte {
	r, sum := clamped(key), new(big.Int)
	for block := range slices.Chunk(text, 16) {
		sum.Add(sum, number(append(slices.Clone(block), 1)))
		sum.Mul(sum, r).Mod(sum, prime)
	}
	return [tagSize]byte(little(sum.Add(sum, number(key[16:]))))
}

func clamped(key [32]byte) *big.Int {
	r := slices.Clone(key[:16])
	for _, i := range []int{3, 7, 11, 15} {
		r[i] &= 15
	}
	for _, i := range []int{4, 8, 12} {
		r[i] &= 252
	}
	return number(r)
}

// number reads a little-endian number; little writes the lowest 16 bytes of one.
func number(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func little(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 33))
	slices.Reverse(b)
	return b[:tagSize]
}
