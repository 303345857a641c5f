package seal

import (
	"golang.org/x/crypto/blake2b"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// AnonymousOverhead is what box_seal adds, in bytes: the ephemeral key and the tag.
const AnonymousOverhead = identity.KeySize + wire.BoxOverhead

// EphemeralKey is the X25519 key that a box_seal'ed text begins with; the shared key with it opens the text. Text too short for
// one is wire.CodeBadBody, an unsafe key wire.CodeBadKey.
func EphemeralKey(sealed []byte) ([identity.KeySize]byte, error) {
	if len(sealed) < AnonymousOverhead {
		return [identity.KeySize]byte{}, errAnonymous
	}
	key := [identity.KeySize]byte(sealed)
	return key, identity.CheckBox(key)
}

// OpenAnonymous opens what box_seal sealed to a device: self is its X25519 key, shared the key between it and EphemeralKey.
// Anything that does not open is wire.CodeBadBody.
func OpenAnonymous(sealed []byte, self [identity.KeySize]byte, shared identity.SharedKey) ([]byte, error) {
	ephemeral, err := EphemeralKey(sealed)
	if err != nil {
		return nil, err
	}
	hash, err := blake2b.New(wire.NonceSize, nil)
	if err != nil {
		return nil, errAnonymous
	}
	hash.Write(ephemeral[:])
	hash.Write(self[:])
	plain, ok := OpenBox([wire.NonceSize]byte(hash.Sum(nil)), sealed[identity.KeySize:], shared)
	if !ok {
		return nil, errAnonymous
	}
	return plain, nil
}

var errAnonymous = wire.Errorf(wire.CodeBadBody, "what the relay sealed to this device does not open")
