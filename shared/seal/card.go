package seal

import (
	"io"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// CardOf says whose card it is and which: the part of a card that its signature covers beside the JSON.
type CardOf struct {
	Mesh    wire.MeshID
	Device  wire.DeviceID
	Session wire.SessionID
	Version uint64
}

// SigningBytes is what the device signs: D("card") ‖ mesh ‖ device ‖ session 16 ‖ version u64 ‖ JSON.
func (c CardOf) SigningBytes(json []byte) []byte {
	return identity.SigningBytes("card", c.Mesh[:], c.Device[:], c.Session[:], wire.AppendU64(nil, c.Version), json)
}

// SealCard seals a card under the card key of an epoch: epoch u32 ‖ nonce 24 ‖ secretbox(pad(JSON ‖ signature 64)). More than
// wire.MaxCard bytes are wire.CodeTooLarge.
func SealCard(entropy io.Reader, key Key, epoch uint32, json, signature []byte) ([]byte, error) {
	if len(signature) != identity.SignatureSize {
		return nil, wire.Errorf(wire.CodeBadSignature, "a signature has %d bytes", identity.SignatureSize)
	}
	if 4+Overhead+PaddedSize(len(json)+len(signature)) > wire.MaxCard {
		return nil, wire.Errorf(wire.CodeTooLarge, "a card holds at most %d bytes when sealed", wire.MaxCard)
	}
	signed := make([]byte, 0, len(json)+len(signature))
	sealed, err := SealBytes(entropy, key, append(append(signed, json...), signature...))
	if err != nil {
		return nil, err
	}
	return append(wire.AppendU32(nil, epoch), sealed...), nil
}

// CardEpoch is the epoch whose card key opens a card; wire.CodeTooLarge or wire.CodeMalformed where it is no card.
func CardEpoch(card []byte) (uint32, error) {
	if len(card) > wire.MaxCard {
		return 0, wire.Errorf(wire.CodeTooLarge, "a card holds at most %d bytes", wire.MaxCard)
	}
	r := wire.NewReader(card)
	epoch := r.U32()
	if epoch == 0 || r.Left() < Overhead {
		return 0, wire.Errorf(wire.CodeMalformed, "a card is cut short or has no epoch")
	}
	return epoch, nil
}

// OpenCard opens a card with the card key of its epoch and its device's Ed25519 key, and gives its JSON. What does not open is
// wire.CodeBadBody, a signature that does not fit wire.CodeBadSignature.
func OpenCard(key Key, of CardOf, sign [identity.KeySize]byte, card []byte) ([]byte, error) {
	if _, err := CardEpoch(card); err != nil {
		return nil, err
	}
	signed, err := OpenBytes(key, card[4:])
	if err != nil {
		return nil, err
	}
	json, signature, err := splitSigned(signed)
	if err != nil {
		return nil, err
	}
	if !identity.Verify(sign, of.SigningBytes(json), signature) {
		return nil, wire.Refuse(wire.CodeBadSignature)
	}
	return json, nil
}
