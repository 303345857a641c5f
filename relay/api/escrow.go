package api

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/shared/wire"
)

// sealTo is sealed_root_key: the escrow in a sealed box to a claimant's key. The escrow is sealed already, under a key that
// the relay never had; this keeps it from whoever else reads the answer.
func sealTo(escrow []byte, recipient [wire.KeySize]byte) ([]byte, error) {
	sealed, err := box.SealAnonymous(nil, escrow, &recipient, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sealing an escrow: %w", err)
	}
	return sealed, nil
}
