// Package seal makes and opens everything sealed: padded bytes under a key, boxes between two devices, direct and topic
// envelopes, cards, and what a relay sealed to a device anonymously (docs/PROTOCOL.md, sections 1, 5 and 10).
//
// Every function is pure. Keys come in as values: a device's private half stays behind identity.Keys, so shared keys and
// signatures are asked for elsewhere and handed in. Entropy is handed in too; where it fails, so does the call.
//
// What it does not do: derive mesh keys, decide who receives, keep counters, or read what is inside.
package seal

import (
	"fmt"
	"io"

	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// Overhead is what SealBytes adds to the padded text, in bytes: the nonce and the tag.
const Overhead = wire.NonceSize + wire.BoxOverhead

// Key is a symmetric key. It never shows itself in a format, a log or JSON; a type that keeps one in an unexported field
// needs a Format method of its own.
type Key [wire.KeySize]byte

const redacted = "[secret]"

func (Key) String() string               { return redacted }
func (Key) GoString() string             { return redacted }
func (Key) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// SealBytes seals a text: nonce 24 ‖ secretbox(pad(plain), nonce, key).
func SealBytes(entropy io.Reader, key Key, plain []byte) ([]byte, error) {
	return SealRaw(entropy, key, Pad(plain))
}

// OpenBytes opens what SealBytes made; anything else is wire.CodeBadBody.
func OpenBytes(key Key, sealed []byte) ([]byte, error) {
	padded, err := OpenRaw(key, sealed)
	if err != nil {
		return nil, err
	}
	return Unpad(padded)
}

// SealRaw seals without padding: nonce 24 ‖ secretbox(plain, nonce, key). Only for a plain text of one fixed size.
func SealRaw(entropy io.Reader, key Key, plain []byte) ([]byte, error) {
	nonce, err := Nonce(entropy)
	if err != nil {
		return nil, err
	}
	return secretbox.Seal(nonce[:], plain, &nonce, (*[wire.KeySize]byte)(&key)), nil
}

// OpenRaw opens what SealRaw made; anything else is wire.CodeBadBody.
func OpenRaw(key Key, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, errSealed
	}
	nonce := [wire.NonceSize]byte(sealed[:wire.NonceSize])
	plain, ok := secretbox.Open(nil, sealed[wire.NonceSize:], &nonce, (*[wire.KeySize]byte)(&key))
	if !ok {
		return nil, errSealed
	}
	return plain, nil
}

var errSealed = wire.Errorf(wire.CodeBadBody, "what is sealed here does not open with this key")

// Box seals a message between two devices: box(message) of section 1, without its nonce.
func Box(nonce [wire.NonceSize]byte, message []byte, key identity.SharedKey) []byte {
	return secretbox.Seal(nil, message, &nonce, (*[wire.KeySize]byte)(&key))
}

// OpenBox opens a box between two devices, or says false.
func OpenBox(nonce [wire.NonceSize]byte, box []byte, key identity.SharedKey) ([]byte, bool) {
	return secretbox.Open(nil, box, &nonce, (*[wire.KeySize]byte)(&key))
}

// Nonce draws a nonce.
func Nonce(entropy io.Reader) ([wire.NonceSize]byte, error) {
	var nonce [wire.NonceSize]byte
	if _, err := io.ReadFull(entropy, nonce[:]); err != nil {
		return nonce, fmt.Errorf("drawing a nonce: %w", err)
	}
	return nonce, nil
}

// NewKey draws a key.
func NewKey(entropy io.Reader) (Key, error) {
	var key Key
	if _, err := io.ReadFull(entropy, key[:]); err != nil {
		return key, fmt.Errorf("drawing a key: %w", err)
	}
	return key, nil
}
