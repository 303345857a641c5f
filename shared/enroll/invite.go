package enroll

import (
	"io"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// InviteOptions are what an inviter chooses.
type InviteOptions struct {
	Role    wire.Role     // member or admin; guests are refused with unsupported
	Uses    int           // 1 to wire.MaxInviteUses; 1 for a device
	Expires uint64        // seconds since 1970, at most roster.MaxExpiry
	For     wire.MemberID // zero: a new member; else one's own member, for one more device
}

// Invite is an invite before the inviter's device signed it.
type Invite struct {
	Secret  invite.Secret
	Escrow  []byte // sealed; goes with the append
	Preview []byte // sealed; goes with the append
	// SigningBytes is what the device signs for Body.
	SigningBytes []byte

	body roster.Invite
}

// NewInvite draws the secret and seals escrow and preview for it. root is the root key of the state's present epoch. The
// preview's Version, Role and For are filled in from the options. Once the mesh's epoch moves on, an invite that is not in the
// roster yet is worthless: make another.
func NewInvite(entropy io.Reader, state *roster.State, root keyring.Root, options InviteOptions, preview Preview) (*Invite, error) {
	panic("unwritten")
}

// Body is the statement's body, with the device's signature over SigningBytes.
func (i *Invite) Body(signature []byte) *roster.Invite { panic("unwritten") }

// Link is the link under the code that the relay drew. origin is the relay's, as people reach it.
func (i *Invite) Link(origin string, code invite.Code) invite.Link {
	return invite.Link{Origin: origin, Code: code, Secret: i.Secret}
}
