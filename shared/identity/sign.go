package identity

import (
	"crypto/ed25519"

	"claudemesh.com/mesh/shared/wire"
)

// SignatureSize is the size in bytes of every signature.
const SignatureSize = ed25519.SignatureSize

// SigningBytes is D(purpose) ‖ parts: what Keys.Sign is given and VerifyPurpose checks.
func SigningBytes(purpose string, parts ...[]byte) []byte {
	b := wire.Domain(purpose)
	for _, part := range parts {
		b = append(b, part...)
	}
	return b
}

// Verify reports whether signature is the key's over message, as section 1 says: without the cofactor, S below the group's
// order, and neither key nor R of small order or not canonical.
func Verify(sign [KeySize]byte, message, signature []byte) bool {
	if len(signature) != SignatureSize || !canonicalPoint(sign) || !canonicalPoint([KeySize]byte(signature[:KeySize])) {
		return false
	}
	return ed25519.Verify(sign[:], message, signature)
}

// VerifyPurpose is Verify over SigningBytes(purpose, parts…).
func VerifyPurpose(sign [KeySize]byte, purpose string, signature []byte, parts ...[]byte) bool {
	return Verify(sign, SigningBytes(purpose, parts...), signature)
}
