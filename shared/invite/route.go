package invite

import (
	"encoding/hex"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// PublicKey is a public key in JSON: 64 digits of lower-case hex.
type PublicKey [wire.KeySize]byte

func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// MarshalText writes hex.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads hex; anything else is malformed.
func (k *PublicKey) UnmarshalText(text []byte) error { return wire.ParseHex(k[:], string(text)) }

// Version is the version of invites, in look-ups and canonical texts.
const Version = 2

// Lookup answers GET /api/public/invites/{code}.
type Lookup struct {
	Version   int           `json:"v"`
	Code      Code          `json:"code"`
	Mesh      wire.MeshID   `json:"mesh_id"`
	Invite    wire.InviteID `json:"invite_id"`
	Role      wire.Role     `json:"role"`
	ExpiresAt time.Time     `json:"expires_at"`
	UsesLeft  int           `json:"uses_left"`
	Preview   []byte        `json:"preview"`
	Canonical string        `json:"canonical_v2"`
	Signature []byte        `json:"signature"`
	Owner     PublicKey     `json:"owner_pubkey"`
	Head      wire.Head     `json:"head"`
}

// ClaimRequest is posted to /api/public/invites/{code}/claim. Join is the whole statement, signed by device and invite key.
type ClaimRequest struct {
	Recipient PublicKey `json:"recipient_x25519_pubkey"`
	Join      []byte    `json:"join"`
}

// ClaimAnswer answers a claim. SealedRootKey is the escrow in a sealed box to the recipient key.
type ClaimAnswer struct {
	SealedRootKey []byte        `json:"sealed_root_key"`
	Mesh          wire.MeshID   `json:"mesh_id"`
	Member        wire.MemberID `json:"member_id"`
	Device        wire.DeviceID `json:"device_id"`
	Owner         PublicKey     `json:"owner_pubkey"`
	Canonical     string        `json:"canonical_v2"`
	Signature     []byte        `json:"signature"`
	Head          wire.Head     `json:"head"`
	Position      wire.Position `json:"position"`
}
