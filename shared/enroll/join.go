package enroll

import (
	"context"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// SignJoin makes the join of a new device, signed by it and by the invite's key: what is stored before it is claimed with. mesh
// and head come from the look-up, member from the preview's For; now is the device's clock in milliseconds since 1970. A relay
// refuses a join that is more than five minutes old with clock_skew: make it again with the same keys.
func SignJoin(ctx context.Context, keys identity.Keys, secret invite.Secret, mesh wire.MeshID, head wire.Head, member wire.MemberID, now uint64) ([]byte, error) {
	key, device := secret.Key(), keys.Public()
	unsigned := roster.Draft{
		Mesh: mesh, Prev: head, Author: device.DeviceID(), Time: now,
		Epoch: 1, // a join may name any epoch up to the present one, which a look-up does not tell
		Body:  &roster.Join{Invite: key.ID(), Device: device, Member: member},
	}.Unsigned()
	signature, err := keys.Sign(ctx, roster.SigningBytes(unsigned))
	if err != nil {
		return nil, err
	}
	return roster.Assemble(unsigned, signature, key.Sign(roster.JoinSigningBytes(unsigned))), nil
}
