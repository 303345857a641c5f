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

// ParseLookup reads the answer to a look-up and checks its form: JSON as section 1 says, version 2, a code, a role and ids.
func ParseLookup(data []byte) (Lookup, error) {
	var l Lookup
	if err := wire.DecodeJSON(data, wire.MaxJSON, &l); err != nil {
		return Lookup{}, err
	}
	if l.Version != Version {
		return Lookup{}, wire.Errorf(wire.CodeUnsupported, "an invite of version %d cannot be used here", l.Version)
	}
	if _, err := ParseCode(string(l.Code)); err != nil {
		return Lookup{}, err
	}
	if !l.Role.Valid() || l.Mesh.IsZero() || l.Invite.IsZero() || l.Head.IsZero() {
		return Lookup{}, wire.Errorf(wire.CodeMalformed, "a look-up lacks the role, the mesh, the invite or the head")
	}
	return l, nil
}

// ParseClaimAnswer reads the answer to a claim. enroll.Verify says whether to trust it.
func ParseClaimAnswer(data []byte) (ClaimAnswer, error) {
	var a ClaimAnswer
	if err := wire.DecodeJSON(data, wire.MaxJSON, &a); err != nil {
		return ClaimAnswer{}, err
	}
	return a, nil
}
