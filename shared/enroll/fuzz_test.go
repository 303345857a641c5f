package enroll

import (
	"encoding/json"
	"testing"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// FuzzPlain: what a sealed preview or escrow may hold, once it opened.
func FuzzPlain(f *testing.F) {
	ada := device(f, "ada")
	p := preview(ada)
	p.Version, p.Role = previewVersion, wire.RoleMember
	for _, v := range []any{p, escrow{escrowVersion, wire.MeshID{1}, 1, rootText{}}} {
		plain, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		var secret invite.Secret
		sealed := func(key [wire.KeySize]byte) []byte {
			b, err := seal.SealBytes(seeded("nonce"), key, plain)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		if p, err := OpenPreview(secret, sealed(secret.PreviewKey())); err == nil {
			if again, err := sealPreview(seeded("nonce"), secret, p); err != nil || len(again) > wire.MaxPreview {
				t.Errorf("a preview that was read cannot be written: %v", err)
			}
		} else if wire.CodeOf(err) != wire.CodeBadEnrollment {
			t.Errorf("a preview: %v", err)
		}
		if e, err := openEscrow(secret, sealed(secret.EscrowKey())); err == nil && e.Version != escrowVersion {
			t.Errorf("an escrow of version %d is read", e.Version)
		}
	})
}
