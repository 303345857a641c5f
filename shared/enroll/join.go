package enroll

import (
	"context"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Join is a join statement that the invite key has signed and the device not yet.
type Join struct {
	// SigningBytes is what the device signs for Statement.
	SigningBytes []byte

	unsigned        []byte
	inviteSignature []byte
}

// NewJoin makes the join of a new device. mesh and head come from the look-up, member from the preview's For; now is the
// device's clock in milliseconds since 1970. A relay refuses a join that is more than five minutes old with clock_skew: make it
// again with the same keys.
func NewJoin(secret invite.Secret, mesh wire.MeshID, head wire.Head, member wire.MemberID, device identity.Public, now uint64) *Join {
	panic("unwritten")
}

// Statement is the whole statement, with the device's signature over SigningBytes: what is stored before it is claimed with.
func (j *Join) Statement(signature []byte) []byte { panic("unwritten") }

// SignJoin is NewJoin, signed by the device.
func SignJoin(ctx context.Context, keys identity.Keys, secret invite.Secret, mesh wire.MeshID, head wire.Head, member wire.MemberID, now uint64) ([]byte, error) {
	panic("unwritten")
}

// Verified is what a claim's answer gives once everything fits.
type Verified struct {
	Epoch  uint32
	Root   keyring.Root
	Member wire.MemberID
}

// Verify holds a claim's answer to the invite and to the roster that the claimant folded (section 4, "Before it trusts the
// answer"). escrow is what SealedRootKey held, still sealed under the secret. Where anything does not fit the error is
// bad_enrollment and nothing is to be trusted; a device that joined and was removed since gets removed.
func Verify(secret invite.Secret, answer *invite.ClaimAnswer, escrow []byte, state *roster.State, self identity.Public) (Verified, error) {
	panic("unwritten")
}
