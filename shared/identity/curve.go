package identity

import (
	"crypto/subtle"

	//lint:ignore SA1019 HSalsa20 alone is what follows a WebCrypto curve step; golang.org/x/crypto/salsa20 does not export it
	"golang.org/x/crypto/salsa20/salsa"
)

// AfterCurve makes the shared key from the X25519 product of two keys: HSalsa20 with a zero input. A zero product, which a key
// of small order gives, is refused with wire.CodeBadKey.
func AfterCurve(point [KeySize]byte) (SharedKey, error) {
	var zero [KeySize]byte
	if subtle.ConstantTimeCompare(point[:], zero[:]) == 1 {
		return SharedKey{}, errBoxKey
	}
	var key [KeySize]byte
	salsa.HSalsa20(&key, new([16]byte), &point, &salsa.Sigma)
	return key, nil
}
