package wycheproof_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// TestHMAC: HMAC-SHA-256, which HKDF is made of.
func TestHMAC(t *testing.T) {
	type group struct{ TagSize int }
	type given struct{ Key, Msg, Tag bits }
	run(t, "hmac_sha256_test.json", 174, func(t *testing.T, g group, v test[given]) {
		tag := sum(v.Given.Key, v.Given.Msg)[:g.TagSize/8]
		if hmac.Equal(tag, v.Given.Tag) != (v.Result == "valid") {
			t.Errorf("the tag is %x", tag)
		}
	})
}

// TestHKDF: the function that wire.Derive calls gives what a vector says, and wire.Derive gives for the vector's key what HKDF
// made by hand from HMAC gives. The one made by hand is held to the vectors too.
func TestHKDF(t *testing.T) {
	type given struct {
		IKM, Salt, Info, OKM bits
		Size                 int
	}
	run(t, "hkdf_sha256_test.json", 105, func(t *testing.T, _ struct{}, v test[given]) {
		key, err := hkdf.Key(sha256.New, v.Given.IKM, v.Given.Salt, string(v.Given.Info), v.Given.Size)
		if valid := v.Result == "valid"; (err == nil) != valid {
			t.Fatalf("refused against the vector: %v", err)
		} else if !valid {
			return
		}
		if !bytes.Equal(key, v.Given.OKM) || !bytes.Equal(derive(v.Given.IKM, v.Given.Salt, v.Given.Info, v.Given.Size), v.Given.OKM) {
			t.Errorf("another key: %x", key)
		}
		info := append([]byte("claudemesh/v1/example\x00"), v.Given.Info...)
		if own := wire.Derive(v.Given.IKM, "example", v.Given.Info); !bytes.Equal(own[:], derive(v.Given.IKM, nil, info, wire.KeySize)) {
			t.Errorf("wire.Derive gives %x", own)
		}
	})
}

// derive is HKDF-SHA-256 as RFC 5869 writes it.
func derive(ikm, salt, info []byte, size int) []byte {
	var out, block []byte
	key := sum(salt, ikm)
	for i := byte(1); len(out) < size; i++ {
		block = sum(key, block, info, []byte{i})
		out = append(out, block...)
	}
	return out[:size]
}

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}
