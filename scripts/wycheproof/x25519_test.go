package wycheproof_test

import (
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// TestX25519: a device computes the product that a vector gives; with a key of small order, whose product is zero, and one of a
// second encoding it computes nothing, wherever such a key could reach it.
func TestX25519(t *testing.T) {
	type given struct{ Public, Private, Shared bits }
	taken, refused := 0, 0
	run(t, "x25519_test.json", 518, func(t *testing.T, _ struct{}, v test[given]) {
		key := [identity.KeySize]byte(v.Given.Public)
		device := restore(t, [identity.KeySize]byte{1}, [identity.KeySize]byte(v.Given.Private))
		shared, err := device.SharedKey(t.Context(), key)

		record := device.Public()
		record.Box = key
		_, recordErr := identity.ParsePublic(record.Record())
		_, ephemeralErr := seal.EphemeralKey(append(key[:], make([]byte, wire.BoxOverhead)...))
		if slices.Contains(v.Flags, "ZeroSharedSecret") || slices.Contains(v.Flags, "NonCanonicalPublic") {
			refused++
			for place, err := range map[string]error{"a shared key": err, "a record": recordErr, "what was sealed anonymously": ephemeralErr} {
				if wire.CodeOf(err) != wire.CodeBadKey {
					t.Errorf("%s took the key: %v", place, err)
				}
			}
			return
		}
		taken++
		want, afterErr := identity.AfterCurve([identity.KeySize]byte(v.Given.Shared))
		if err != nil || recordErr != nil || ephemeralErr != nil || afterErr != nil || shared != want {
			t.Errorf("the key was refused or gave another product: %v, %v, %v", err, recordErr, ephemeralErr)
		}
	})
	if taken == 0 || refused == 0 {
		t.Errorf("%d keys taken, %d refused", taken, refused)
	}
}

// restore makes the device of an Ed25519 seed and an X25519 scalar.
func restore(t *testing.T, seed, scalar [identity.KeySize]byte) *identity.Software {
	t.Helper()
	device, err := identity.Restore(identity.Private(append(seed[:], scalar[:]...)))
	if err != nil {
		t.Fatal(err)
	}
	return device
}
