//go:build !js

package keyring_test

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/wire"
)

func FuzzParseRing(f *testing.F) {
	var ring keyring.Ring
	for epoch := uint32(1); epoch < 4; epoch++ {
		f.Add(ring.Bytes())
		root := keyring.Root{byte(epoch)}
		if err := ring.Add(epoch, root, keyring.Commitment(root, epoch)); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ring, err := keyring.ParseRing(b)
		if err != nil {
			if wire.CodeOf(err) != wire.CodeMalformed {
				t.Error(err)
			}
			return
		}
		if !bytes.Equal(ring.Bytes(), b) {
			t.Error("a ring has two encodings")
		}
	})
}
