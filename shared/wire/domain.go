package wire

import (
	"crypto/hkdf"
	"crypto/sha256"
)

// Domain is the text that opens every hash, signature and derivation made for one purpose: "claudemesh/v1/<purpose>" and
// a zero byte (docs/PROTOCOL.md, section 1).
func Domain(purpose string) []byte {
	return append([]byte("claudemesh/v1/"+purpose), 0)
}

// HashOf is SHA-256 over the purpose's domain and then the parts.
func HashOf(purpose string, parts ...[]byte) [32]byte {
	h := sha256.New()
	h.Write(Domain(purpose))
	for _, part := range parts {
		h.Write(part)
	}
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// Derive is HKDF(secret, D(purpose) ‖ parts): the key that a secret gives for one purpose.
func Derive(secret []byte, purpose string, parts ...[]byte) [KeySize]byte {
	info := Domain(purpose)
	for _, part := range parts {
		info = append(info, part...)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, string(info), KeySize)
	if err != nil {
		panic("wire: " + err.Error()) // only for more output than HKDF gives
	}
	return [KeySize]byte(key)
}
