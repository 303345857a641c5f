package webcrypto

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// imported is a device of software in WebCrypto's hands. What stands before a key is its PKCS #8 head (RFC 8410).
func imported(t *testing.T, s *identity.Software) *Keys {
	t.Helper()
	private, public := s.Private(), s.Public()
	object := map[string]any{}
	for field, c := range map[string]struct {
		algorithm, head string
		usage           any
		key             []byte
	}{
		"sign": {signing, "302e020100300506032b657004220420", "sign", private[:identity.KeySize]},
		"box":  {sealing, "302e020100300506032b656e04220420", "deriveBits", private[identity.KeySize:]},
	} {
		head, err := hex.DecodeString(c.head)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jsvalue.FromBytes(append(head, c.key...))
		if err != nil {
			t.Fatal(err)
		}
		key, err := call(t.Context(), "importKey", "pkcs8", text, map[string]any{"name": c.algorithm}, false, []any{c.usage})
		if err != nil {
			t.Fatal(err)
		}
		object[field] = safejs.Unsafe(key)
	}
	record, err := jsvalue.FromBytes(public.Record())
	if err != nil {
		t.Fatal(err)
	}
	object["record"] = safejs.Unsafe(record)
	value, err := safejs.ValueOf(object)
	if err != nil {
		t.Fatal(err)
	}
	k, err := FromObject(value)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSameAsSoftware: with one private half, the browser and software sign the same and agree on every sealing key, at the
// edges of the field, on the curve's twist and anywhere: they refuse the same ones and derive one shared key from the others.
// Software is held to Wycheproof's vectors by scripts/wycheproof.
func TestSameAsSoftware(t *testing.T) {
	s := software(t)
	k := imported(t, s)
	for _, size := range []int{0, 1, 1000} {
		message := bytes.Repeat([]byte{7}, size)
		ours, err := k.Sign(t.Context(), message)
		if theirs, _ := s.Sign(t.Context(), message); err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("signatures of %d bytes: %x and %x, %v", size, ours, theirs, err)
		}
	}
	var keys []*big.Int
	around := func(n *big.Int) {
		for d := int64(-8); d <= 8; d++ {
			if m := new(big.Int).Add(n, big.NewInt(d)); m.Sign() >= 0 && m.BitLen() <= 256 {
				keys = append(keys, m)
			}
		}
	}
	one := big.NewInt(1)
	for _, bits := range []uint{0, 26, 51, 64, 128, 192, 254, 255} {
		around(new(big.Int).Lsh(one, bits))
	}
	around(new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19)))
	for range 60 {
		box := software(t).Public().Box
		keys = append(keys, new(big.Int).SetBytes(box[:]))
	}
	taken, refused := 0, 0
	for _, u := range keys {
		b := u.FillBytes(make([]byte, identity.KeySize))
		slices.Reverse(b)
		box := [identity.KeySize]byte(b)
		ours, err := k.SharedKey(t.Context(), box)
		theirs, theirErr := s.SharedKey(t.Context(), box)
		if wire.CodeOf(err) != wire.CodeOf(theirErr) || ours != theirs {
			t.Errorf("%x: the browser says %v, software %v; one shared key: %v", box, err, theirErr, ours == theirs)
		}
		if err == nil {
			taken++
		} else {
			refused++
		}
	}
	if taken < 100 || refused < 10 {
		t.Errorf("%d keys were taken and %d refused", taken, refused)
	}
}
