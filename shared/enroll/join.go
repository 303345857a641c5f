package enroll

import (
	"context"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
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
	key := secret.Key()
	unsigned := roster.Draft{
		Mesh: mesh, Prev: head, Author: device.DeviceID(), Time: now,
		Epoch: 1, // a join may name any epoch up to the present one, which a look-up does not tell
		Body:  &roster.Join{Invite: key.ID(), Device: device, Member: member},
	}.Unsigned()
	return &Join{
		SigningBytes:    roster.SigningBytes(unsigned),
		unsigned:        unsigned,
		inviteSignature: key.Sign(roster.JoinSigningBytes(unsigned)),
	}
}

// Statement is the whole statement, with the device's signature over SigningBytes: what is stored before it is claimed with.
func (j *Join) Statement(signature []byte) []byte {
	return roster.Assemble(j.unsigned, signature, j.inviteSignature)
}

// SignJoin is NewJoin, signed by the device.
func SignJoin(ctx context.Context, keys identity.Keys, secret invite.Secret, mesh wire.MeshID, head wire.Head, member wire.MemberID, now uint64) ([]byte, error) {
	join := NewJoin(secret, mesh, head, member, keys.Public(), now)
	signature, err := keys.Sign(ctx, join.SigningBytes)
	if err != nil {
		return nil, err
	}
	return join.Statement(signature), nil
}
