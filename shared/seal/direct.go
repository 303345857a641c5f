package seal

import (
	"crypto/subtle"
	"io"
	"slices"

	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// Recipient is one device that a direct envelope is readable for: every device of every recipient, and every other device of
// the sender's own member. Key is the key between it and the sending device.
type Recipient struct {
	Device wire.DeviceID
	Key    identity.SharedKey
}

// SealDirect seals a message of at most wire.MaxMessage bytes to the devices of `to`, in any order, none twice. h.Kind is set
// here. It draws from entropy, in this order: the message key 32, the nonce 24, and a nonce 24 for each device, ascending.
//
// An envelope over the bounds of section 5 is wire.CodeTooLarge, one that breaks another rule wire.CodeMalformed.
func SealDirect(entropy io.Reader, mesh wire.MeshID, sender wire.DeviceID, h wire.Header, message []byte, to []Recipient) ([]byte, error) {
	h.Kind = wire.KindDirect
	if err := checkSizes(message, len(to)); err != nil {
		return nil, err
	}
	key, err := NewKey(entropy)
	if err != nil {
		return nil, err
	}
	nonce, err := Nonce(entropy)
	if err != nil {
		return nil, err
	}
	header := wire.AppendHeader(nil, h)
	commitment := commitmentOf(key)
	ciphertext := secretbox.Seal(nil, Pad(message), &nonce, (*[wire.KeySize]byte)(&key))
	context := contextOf(mesh, sender, header, commitment[:], nonce[:], ciphertext)

	to = slices.Clone(to)
	order.By(to, func(a, b Recipient) int { return slices.Compare(a.Device[:], b.Device[:]) })
	stanzas := make([]wire.Stanza, len(to))
	for i := range to {
		s := &stanzas[i]
		s.Device = to[i].Device
		if s.Nonce, err = Nonce(entropy); err != nil {
			return nil, err
		}
		copy(s.Box[:], Box(s.Nonce, stanzaBytes(sender, s.Device, key, context), to[i].Key))
	}
	envelope := wire.AppendEnvelope(nil, header, &commitment, &nonce, stanzas, ciphertext)
	if _, err := wire.ParseEnvelope(envelope); err != nil {
		return nil, err
	}
	return envelope, nil
}

// OpenDirect opens a direct envelope that a device received, with the key between it and the sending device. An envelope
// without a stanza for the device, or with one that does not fit the envelope in every field, is wire.CodeBadStanza; a
// ciphertext or padding that does not open is wire.CodeBadBody.
func OpenDirect(mesh wire.MeshID, sender, self wire.DeviceID, e *wire.Envelope, shared identity.SharedKey) ([]byte, error) {
	if e.Kind != wire.KindDirect {
		return nil, wire.Errorf(wire.CodeUnknownKind, "this is not a direct envelope")
	}
	stanzaNonce, box, ok := e.StanzaFor(self)
	if !ok {
		return nil, wire.Errorf(wire.CodeBadStanza, "the envelope holds no key for this device")
	}
	opened, ok := OpenBox([wire.NonceSize]byte(stanzaNonce), box, shared)
	if !ok {
		return nil, wire.Errorf(wire.CodeBadStanza, "the envelope's key does not open")
	}
	key := Key(opened[len(opened)-2*wire.KeySize:])
	context := contextOf(mesh, sender, e.Header, e.Commitment, e.Nonce, e.Ciphertext)
	if subtle.ConstantTimeCompare(opened, stanzaBytes(sender, self, key, context)) != 1 {
		return nil, wire.Errorf(wire.CodeBadStanza, "the envelope's key was made for another envelope")
	}
	commitment := commitmentOf(key)
	if subtle.ConstantTimeCompare(commitment[:], e.Commitment) != 1 {
		return nil, wire.Errorf(wire.CodeBadStanza, "the envelope's key is not the one that it commits to")
	}
	return openBody(key, e)
}

// stanzaBytes is what a stanza boxes: D("stanza") ‖ sending device ‖ receiving device ‖ k ‖ context.
func stanzaBytes(sender, receiver wire.DeviceID, key Key, context wire.Hash) []byte {
	return identity.SigningBytes("stanza", sender[:], receiver[:], key[:], context[:])
}

// contextOf is the hash that binds a stanza to its envelope, sender and mesh.
func contextOf(mesh wire.MeshID, sender wire.DeviceID, header, commitment, nonce, ciphertext []byte) wire.Hash {
	return wire.HashOf("context", mesh[:], sender[:], header, commitment, nonce, ciphertext)
}

func commitmentOf(key Key) [wire.CommitmentSize]byte {
	return wire.Derive(key[:], "envelope-commit")
}

func openBody(key Key, e *wire.Envelope) ([]byte, error) {
	nonce := [wire.NonceSize]byte(e.Nonce)
	padded, ok := secretbox.Open(nil, e.Ciphertext, &nonce, (*[wire.KeySize]byte)(&key))
	if !ok {
		return nil, wire.Errorf(wire.CodeBadBody, "the envelope's body does not open")
	}
	return Unpad(padded)
}

// checkSizes refuses what cannot fit before anything is allocated for it.
func checkSizes(message []byte, stanzas int) error {
	if len(message) > wire.MaxMessage {
		return wire.Errorf(wire.CodeTooLarge, "a message holds at most %d bytes, this one %d", wire.MaxMessage, len(message))
	}
	if stanzas > wire.MaxEnvelope/wire.StanzaSize {
		return wire.Errorf(wire.CodeTooLarge, "an envelope has no room for %d devices", stanzas)
	}
	return nil
}
