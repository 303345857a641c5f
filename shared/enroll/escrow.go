package enroll

import (
	"encoding/hex"
	"io"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

const escrowVersion = 1

// escrow is what an invite carries for whoever joins: {"v":1,"mesh_id","epoch","root_key"}.
type escrow struct {
	Version int         `json:"v"`
	Mesh    wire.MeshID `json:"mesh_id"`
	Epoch   uint32      `json:"epoch"`
	Root    rootText    `json:"root_key"`
}

// rootText is a root key that JSON writes as hex and nothing else shows.
type rootText struct{ key keyring.Root }

func (r rootText) MarshalText() ([]byte, error)     { return []byte(hex.EncodeToString(r.key[:])), nil }
func (r *rootText) UnmarshalText(text []byte) error { return wire.ParseHex(r.key[:], string(text)) }

func sealEscrow(entropy io.Reader, secret invite.Secret, mesh wire.MeshID, epoch uint32, root keyring.Root) ([]byte, error) {
	return sealJSON(entropy, secret.EscrowKey(), wire.MaxEscrow, escrow{escrowVersion, mesh, epoch, rootText{root}})
}

func openEscrow(secret invite.Secret, sealed []byte) (escrow, error) {
	var e escrow
	if err := openJSON(secret.EscrowKey(), wire.MaxEscrow, sealed, &e); err != nil {
		return escrow{}, err
	}
	if e.Version != escrowVersion {
		return escrow{}, wire.Errorf(wire.CodeUnsupported, "an escrow of version %d cannot be read here", e.Version)
	}
	return e, nil
}

// sealJSON seals v as nonce ‖ secretbox(pad(JSON), nonce, key), at most limit bytes.
func sealJSON(entropy io.Reader, key [wire.KeySize]byte, limit int, v any) ([]byte, error) {
	plain, err := wire.EncodeJSON(v)
	if err != nil {
		return nil, err
	}
	sealed, err := seal.SealBytes(entropy, key, plain)
	if err != nil {
		return nil, err
	}
	if len(sealed) > limit {
		return nil, wire.Refuse(wire.CodeTooLarge)
	}
	return sealed, nil
}

func openJSON(key [wire.KeySize]byte, limit int, sealed []byte, v any) error {
	if len(sealed) > limit {
		return wire.Refuse(wire.CodeTooLarge)
	}
	plain, err := seal.OpenBytes(key, sealed)
	if err != nil {
		return err
	}
	return wire.DecodeJSON(plain, limit, v)
}
