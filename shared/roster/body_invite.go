package roster

import (
	"encoding/hex"
	"slices"
	"strconv"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// MaxExpiry is the latest expiry of an invite, in seconds since 1970: the last second that RFC 3339 can write (year 9999).
const MaxExpiry = 253402300799

// Invite is a bounded right to join (section 4): invite id 32 ‖ for member 32 ‖ role u8 ‖ uses u16 ‖ expires_unix u64 ‖
// hash of the escrow 32 ‖ hash of the preview 32 ‖ signature 64.
type Invite struct {
	ID      wire.InviteID
	For     wire.MemberID // zero: for a new member
	Role    wire.Role
	Uses    uint16 // 1 to wire.MaxInviteUses; exactly 1 for a device
	Expires uint64 // seconds since 1970, at most MaxExpiry
	Escrow  wire.Hash
	Preview wire.Hash
	// Signature is the author's over InviteSigningBytes of the canonical bytes.
	Signature [identity.SignatureSize]byte
}

// InviteRetired withdraws invites: count u16 ‖ count × invite id 32, strictly ascending.
type InviteRetired struct{ Invites []wire.InviteID }

// Canonical is the text that an inviter signs (section 4): v=2|mesh_id|invite_id|expires_at_unix|role|owner_pubkey_hex, where
// owner is the Ed25519 key of the genesis device.
func (i *Invite) Canonical(mesh wire.MeshID, owner [identity.KeySize]byte) string {
	return "v=2|" + mesh.String() + "|" + i.ID.String() + "|" + strconv.FormatUint(i.Expires, 10) + "|" + i.Role.String() + "|" +
		hex.EncodeToString(owner[:])
}

// InviteSigningBytes is what the inviter's device signs: D("invite") ‖ canonical.
func InviteSigningBytes(canonical string) []byte {
	return identity.SigningBytes("invite", []byte(canonical))
}

// EscrowHash is what an invite says of its sealed escrow: H(D("escrow") ‖ escrow).
func EscrowHash(escrow []byte) wire.Hash { return wire.HashOf("escrow", escrow) }

// PreviewHash is what an invite says of its sealed preview: H(D("preview") ‖ preview).
func PreviewHash(preview []byte) wire.Hash { return wire.HashOf("preview", preview) }

func (i *Invite) append(b []byte) []byte {
	b = append(append(b, i.ID[:]...), i.For[:]...)
	b = wire.AppendU16(append(b, byte(i.Role)), i.Uses)
	b = wire.AppendU64(b, i.Expires)
	b = append(append(b, i.Escrow[:]...), i.Preview[:]...)
	return append(b, i.Signature[:]...)
}

func (i *InviteRetired) append(b []byte) []byte {
	b = wire.AppendU16(b, uint16(len(i.Invites)))
	invites := slices.Clone(i.Invites)
	order.By(invites, compareInvites)
	for _, id := range invites {
		b = append(b, id[:]...)
	}
	return b
}

func readInvite(r *wire.Reader) Body {
	i := new(Invite)
	r.Fill(i.ID[:])
	r.Fill(i.For[:])
	i.Role, i.Uses, i.Expires = wire.Role(r.U8()), r.U16(), r.U64()
	r.Fill(i.Escrow[:])
	r.Fill(i.Preview[:])
	r.Fill(i.Signature[:])
	if !i.Role.Valid() || i.Uses == 0 || i.Uses > wire.MaxInviteUses || !i.For.IsZero() && i.Uses != 1 || i.Expires > MaxExpiry {
		r.Fail()
	}
	return i
}

func readInviteRetired(r *wire.Reader) Body {
	ids := readAscending(r, wire.IDSize)
	retired := &InviteRetired{Invites: make([]wire.InviteID, len(ids)/wire.IDSize)}
	for n := range retired.Invites {
		retired.Invites[n] = wire.InviteID(ids[n*wire.IDSize:])
	}
	return retired
}
