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
	For     wire.MemberID // zero: a new member; else one's own member, for one more device, with Role its role
}

func (o InviteOptions) check() error {
	switch {
	case o.Role == wire.RoleGuest:
		return wire.Errorf(wire.CodeUnsupported, "guests cannot be invited yet")
	case !o.Role.Valid():
		return wire.Errorf(wire.CodeMalformed, "an invite is for a member or an admin")
	case o.Role == wire.RoleOwner && o.For.IsZero():
		return wire.Errorf(wire.CodeForbidden, "nobody is invited as an owner; an owner makes a member one")
	case o.Uses < 1 || o.Uses > wire.MaxInviteUses:
		return wire.Errorf(wire.CodeMalformed, "an invite has 1 to %d uses", wire.MaxInviteUses)
	case o.Uses != 1 && !o.For.IsZero():
		return wire.Errorf(wire.CodeMalformed, "an invite for a device has one use")
	case o.Expires > roster.MaxExpiry:
		return wire.Errorf(wire.CodeMalformed, "an invite expires before the year 10000")
	}
	return nil
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

// NewInvite draws the secret and seals escrow and preview for it. root is the root key of the state's present epoch, or the
// answer is bad_commitment. The preview's Version, Role and For are filled in from the options. Once the mesh's epoch moves on,
// an invite that is not in the roster yet is worthless: make another.
func NewInvite(entropy io.Reader, state *roster.State, root keyring.Root, options InviteOptions, preview Preview) (*Invite, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	epoch := state.Epoch()
	commitment, _ := state.Commitment(epoch)
	if err := keyring.Check(root, epoch, commitment); err != nil {
		return nil, err
	}
	secret, err := invite.NewSecret(entropy)
	if err != nil {
		return nil, err
	}
	i := &Invite{Secret: secret}
	if i.Escrow, err = sealEscrow(entropy, secret, state.Mesh(), epoch, root); err != nil {
		return nil, err
	}
	preview.Version, preview.Role, preview.For = previewVersion, options.Role, options.For
	if i.Preview, err = sealPreview(entropy, secret, preview); err != nil {
		return nil, err
	}
	i.body = roster.Invite{
		ID: secret.Key().ID(), For: options.For, Role: options.Role, Uses: uint16(options.Uses), Expires: options.Expires,
		Escrow: roster.EscrowHash(i.Escrow), Preview: roster.PreviewHash(i.Preview),
	}
	i.SigningBytes = roster.InviteSigningBytes(state.Canonical(&i.body))
	return i, nil
}

// Body is the statement's body, with the device's signature over SigningBytes; a signature of another length than 64 bytes is
// bad_signature.
func (i *Invite) Body(signature []byte) (*roster.Invite, error) {
	body := i.body
	if copy(body.Signature[:], signature) != len(body.Signature) || len(signature) != len(body.Signature) {
		return nil, wire.Refuse(wire.CodeBadSignature)
	}
	return &body, nil
}

// Link is the link under the code that the relay drew. origin is the relay's, as people reach it.
func (i *Invite) Link(origin string, code invite.Code) invite.Link {
	return invite.Link{Origin: origin, Code: code, Secret: i.Secret}
}
