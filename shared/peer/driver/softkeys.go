// See shared/identity/software.go for the tag.
//go:build !browser

package driver

import (
	"context"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// deviceKey is the key of the one row of peer.BucketKey.
var deviceKey = []byte("device")

// SoftwareKeys are the keys kept in the store itself, made there if there are none yet. Hosts with a better place for a
// private key do not use it. It uses Store and Entropy of the host.
func SoftwareKeys(ctx context.Context, host Host) (identity.Keys, error) {
	row, err := host.Store.Get(ctx, peer.BucketKey, deviceKey)
	if err != nil {
		return nil, storage(err)
	}
	if row != nil {
		var private identity.Private
		if len(row) != len(private) {
			return nil, wire.Errorf(wire.CodeStorage, "This device's key cannot be read.")
		}
		copy(private[:], row)
		return identity.Restore(private)
	}
	keys, err := identity.Generate(host.Entropy)
	if err != nil {
		return nil, err
	}
	private := keys.Private()
	if err := host.Store.Commit(ctx, []peer.Op{{Bucket: peer.BucketKey, Key: deviceKey, Value: private[:]}}); err != nil {
		return nil, storage(err)
	}
	return keys, nil
}
