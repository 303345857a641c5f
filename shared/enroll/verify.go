package enroll

import (
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Verified is what a claim's answer gives once everything fits.
type Verified struct {
	Epoch  uint32
	Root   keyring.Root
	Member wire.MemberID
}

// Verify holds a claim's answer to the invite and to the roster that the claimant folded (section 4, "Before it trusts the
// answer"). sealed is what SealedRootKey held: the escrow, still sealed under the secret. Where anything does not fit the error
// is bad_enrollment and nothing is to be trusted; a device that joined and was removed since gets removed.
func Verify(secret invite.Secret, answer *invite.ClaimAnswer, sealed []byte, state *roster.State, self identity.Public) (Verified, error) {
	owner := state.Owner()
	if answer.Mesh != state.Mesh() {
		return Verified{}, badEnrollment("the roster is another mesh's")
	}
	if answer.Owner != invite.PublicKey(owner.Sign) {
		return Verified{}, badEnrollment("the owner's key is not that of the roster's first device")
	}
	statement, err := verifyInvite(secret, answer, state)
	if err != nil {
		return Verified{}, err
	}
	epoch, root, err := verifyEscrow(secret, sealed, statement, state)
	if err != nil {
		return Verified{}, err
	}
	if err := verifyJoin(answer, statement, state, self.DeviceID()); err != nil {
		return Verified{}, err
	}
	return Verified{Epoch: epoch, Root: root, Member: answer.Member}, nil
}

func verifyInvite(secret invite.Secret, answer *invite.ClaimAnswer, state *roster.State) (*roster.Invitation, error) {
	statement, ok := state.Invitation(secret.Key().ID())
	if !ok {
		return nil, badEnrollment("the roster holds no invite of this link")
	}
	if answer.Canonical != state.Canonical(&statement.Invite) {
		return nil, badEnrollment("the answer describes another invite than the roster")
	}
	issuer, _ := state.Device(statement.Issuer)
	if !identity.Verify(issuer.Public.Sign, roster.InviteSigningBytes(answer.Canonical), answer.Signature) {
		return nil, badEnrollment("the invite is not signed by who issued it in the roster")
	}
	return &statement, nil
}

func verifyEscrow(secret invite.Secret, sealed []byte, statement *roster.Invitation, state *roster.State) (uint32, keyring.Root, error) {
	var none keyring.Root
	if roster.EscrowHash(sealed) != statement.Escrow {
		return 0, none, badEnrollment("the sealed key is not the one that the inviter made")
	}
	escrow, err := openEscrow(secret, sealed)
	if err != nil {
		return 0, none, badEnrollment("the sealed key: " + wire.AsError(err).Message)
	}
	if escrow.Mesh != state.Mesh() {
		return 0, none, badEnrollment("the sealed key belongs to another mesh")
	}
	if escrow.Epoch != statement.Epoch {
		return 0, none, badEnrollment("the sealed key belongs to another epoch than the invite")
	}
	commitment, _ := state.Commitment(escrow.Epoch)
	if err := keyring.Check(escrow.Root.key, escrow.Epoch, commitment); err != nil {
		return 0, none, badEnrollment("the sealed key is not the one that the roster commits to")
	}
	return escrow.Epoch, escrow.Root.key, nil
}

func verifyJoin(answer *invite.ClaimAnswer, statement *roster.Invitation, state *roster.State, self wire.DeviceID) error {
	device, ok := state.Device(self)
	switch {
	case !ok || device.Invite != statement.ID:
		return badEnrollment("this device's join is not in the roster")
	case answer.Device != self || answer.Member != device.Member:
		return badEnrollment("the answer names another device or member than the roster")
	case device.Standing != roster.Present:
		return wire.Refuse(wire.CodeRemoved)
	}
	return nil
}

func badEnrollment(reason string) error {
	return wire.Errorf(wire.CodeBadEnrollment, "%s (%s)", wire.CodeBadEnrollment.Info().Sentence, reason)
}
