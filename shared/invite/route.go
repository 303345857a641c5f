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

// Expiry is when an invite expires, in seconds since 1970; in JSON it is RFC 3339 in UTC, as 2026-11-21T20:00:00Z.
type Expiry uint64

const (
	expiryForm = "2006-01-02T15:04:05Z"
	maxExpiry  = 253402300799 // the last second that the form can write
)

// MarshalText writes RFC 3339; a year after 9999 is malformed.
func (e Expiry) MarshalText() ([]byte, error) {
	if e > maxExpiry {
		return nil, errExpiry
	}
	return time.Unix(int64(e), 0).UTC().AppendFormat(nil, expiryForm), nil
}

// UnmarshalText reads what MarshalText writes; anything else is malformed.
func (e *Expiry) UnmarshalText(text []byte) error {
	t, err := time.Parse(expiryForm, string(text))
	if err != nil || len(text) != len(expiryForm) || t.Unix() < 0 {
		return errExpiry
	}
	*e = Expiry(t.Unix())
	return nil
}

var errExpiry = wire.Errorf(wire.CodeMalformed, "a time is written as 2026-11-21T20:00:00Z")

// Version is the version of invites, in look-ups and canonical texts.
const Version = 2

// Lookup answers GET /api/public/invites/{code}.
type Lookup struct {
	Version   int           `json:"v"`
	Code      Code          `json:"code"`
	Mesh      wire.MeshID   `json:"mesh_id"`
	Invite    wire.InviteID `json:"invite_id"`
	Role      wire.Role     `json:"role"`
	ExpiresAt Expiry        `json:"expires_at"`
	UsesLeft  int           `json:"uses_left"`
	Preview   wire.Bytes    `json:"preview"`
	Canonical string        `json:"canonical_v2"`
	Signature wire.Bytes    `json:"signature"`
	Owner     PublicKey     `json:"owner_pubkey"`
	Head      wire.Head     `json:"head"`
}

// ClaimRequest is posted to /api/public/invites/{code}/claim. Join is the whole statement, signed by device and invite key.
type ClaimRequest struct {
	Recipient PublicKey  `json:"recipient_x25519_pubkey"`
	Join      wire.Bytes `json:"join"`
}

// ClaimAnswer answers a claim. SealedRootKey is the escrow in a sealed box to the recipient key.
type ClaimAnswer struct {
	SealedRootKey wire.Bytes    `json:"sealed_root_key"`
	Mesh          wire.MeshID   `json:"mesh_id"`
	Member        wire.MemberID `json:"member_id"`
	Device        wire.DeviceID `json:"device_id"`
	Owner         PublicKey     `json:"owner_pubkey"`
	Canonical     string        `json:"canonical_v2"`
	Signature     wire.Bytes    `json:"signature"`
	Head          wire.Head     `json:"head"`
	Position      wire.Position `json:"position"`
}

// Check refuses a look-up that lacks what it must have: version 2 (unsupported), a code, a role and ids (malformed).
func (l *Lookup) Check() error {
	if l.Version != Version {
		return wire.Errorf(wire.CodeUnsupported, "an invite of version %d cannot be used here", l.Version)
	}
	if _, err := ParseCode(string(l.Code)); err != nil {
		return err
	}
	if !l.Role.Valid() || l.Mesh.IsZero() || l.Invite.IsZero() || l.Head.IsZero() {
		return wire.Errorf(wire.CodeMalformed, "a look-up lacks the role, the mesh, the invite or the head")
	}
	return nil
}
