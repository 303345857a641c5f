package wycheproof_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/identity"
)

// TestEd25519: signatures that are malleable, cut short, of another message or key are refused, and the valid ones are what a
// device with that key signs.
func TestEd25519(t *testing.T) {
	type group struct{ Key struct{ PK, SK bits } }
	type given struct{ Msg, Sig bits }
	taken, refused := 0, 0
	run(t, "eddsa_test.json", 145, func(t *testing.T, g group, v test[given]) {
		key := [identity.KeySize]byte(g.Key.PK)
		if err := identity.CheckSign(key); err != nil {
			t.Fatal(err)
		}
		valid := v.Result == "valid"
		if identity.Verify(key, v.Given.Msg, v.Given.Sig) != valid {
			t.Errorf("taken or refused against the vector")
		}
		if !valid {
			refused++
			return
		}
		taken++
		device := restore(t, [identity.KeySize]byte(g.Key.SK), [identity.KeySize]byte{1})
		signature, err := device.Sign(t.Context(), v.Given.Msg)
		if err != nil || device.Public().Sign != key || !bytes.Equal(signature, v.Given.Sig) {
			t.Errorf("the device of this seed has another key or signs otherwise: %x, %v", signature, err)
		}
	})
	if taken == 0 || refused == 0 {
		t.Errorf("%d signatures taken, %d refused", taken, refused)
	}
}

// TestEd25519Consensus: of signatures whose equation holds at least when multiplied by the cofactor, those are taken that
// section 1 of docs/PROTOCOL.md takes. Implementations of Ed25519 disagree about most of the others, and peers would fold
// one roster to different ends.
func TestEd25519Consensus(t *testing.T) {
	var list []struct {
		A, R, S bits
		M       string
		Flags   []string
	}
	if err := json.Unmarshal(read(t, ed25519, "ed25519vectors.json"), &list); err != nil {
		t.Fatal(err)
	}
	small := []string{"LowOrderA", "LowOrderR", "NonCanonicalA", "NonCanonicalR", "LowOrderResidue"}
	taken, refused := 0, 0
	for i, v := range list {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			want := !slices.ContainsFunc(v.Flags, func(flag string) bool { return slices.Contains(small, flag) })
			got := identity.Verify([identity.KeySize]byte(v.A), []byte(v.M), append(slices.Clone(v.R), v.S...))
			if got != want {
				t.Errorf("taken is %v: %s", got, v.Flags)
			}
			if got {
				taken++
			} else {
				refused++
			}
		})
	}
	counted(t, taken+refused, 768)
	if taken == 0 || refused == 0 {
		t.Errorf("%d signatures taken, %d refused", taken, refused)
	}
}
