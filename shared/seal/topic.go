package seal

import (
	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// TopicBytes is what the sending device signs: D("topic-message") ‖ T ‖ message. The nonce comes from Nonce and goes into
// SealTopic with the same header.
func TopicBytes(mesh wire.MeshID, sender wire.DeviceID, h wire.Header, nonce [wire.NonceSize]byte, message []byte) []byte {
	return topicBytes(mesh, sender, topicHeader(h), nonce[:], message)
}

// SealTopic seals a message of at most wire.MaxMessage bytes, with its signature over TopicBytes, under the topic's key of the
// header's epoch. h.Kind is set here; its one recipient is the topic. An envelope that breaks a rule of section 5 is refused
// as by SealDirect.
func SealTopic(key Key, h wire.Header, nonce [wire.NonceSize]byte, message, signature []byte) ([]byte, error) {
	if err := checkSizes(message, 0); err != nil {
		return nil, err
	}
	if len(signature) != identity.SignatureSize {
		return nil, wire.Errorf(wire.CodeBadSignature, "a signature has %d bytes", identity.SignatureSize)
	}
	signed := make([]byte, 0, len(message)+len(signature))
	signed = append(append(signed, message...), signature...)
	ciphertext := secretbox.Seal(nil, Pad(signed), &nonce, (*[wire.KeySize]byte)(&key))
	envelope := wire.AppendEnvelope(nil, topicHeader(h), nil, &nonce, nil, ciphertext)
	if _, err := wire.ParseEnvelope(envelope); err != nil {
		return nil, err
	}
	return envelope, nil
}

func topicHeader(h wire.Header) []byte {
	h.Kind = wire.KindTopic
	return wire.AppendHeader(nil, h)
}

// OpenTopic opens a topic envelope with the topic's key of its epoch and the sending device's Ed25519 key. What does not open
// is wire.CodeBadBody, a signature that does not fit wire.CodeBadSignature.
func OpenTopic(key Key, mesh wire.MeshID, sender wire.DeviceID, sign [identity.KeySize]byte, e *wire.Envelope) ([]byte, error) {
	if e.Kind != wire.KindTopic {
		return nil, wire.Errorf(wire.CodeUnknownKind, "this is not a topic envelope")
	}
	signed, err := openBody(key, e)
	if err != nil {
		return nil, err
	}
	message, signature, err := splitSigned(signed)
	if err != nil {
		return nil, err
	}
	if !identity.Verify(sign, topicBytes(mesh, sender, e.Header, e.Nonce, message), signature) {
		return nil, wire.Refuse(wire.CodeBadSignature)
	}
	return message, nil
}

func topicBytes(mesh wire.MeshID, sender wire.DeviceID, header, nonce, message []byte) []byte {
	context := wire.HashOf("topic-context", mesh[:], sender[:], header, nonce)
	return identity.SigningBytes("topic-message", context[:], message)
}

// splitSigned parts content ‖ signature 64.
func splitSigned(signed []byte) (content, signature []byte, err error) {
	at := len(signed) - identity.SignatureSize
	if at < 0 {
		return nil, nil, wire.Errorf(wire.CodeBadBody, "what was sealed here is too short to be signed")
	}
	return signed[:at:at], signed[at:], nil
}
