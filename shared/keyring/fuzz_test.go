//go:build !js

package keyring_test

import (
	"bytes"
	"reflect"
	"testing"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
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

// FuzzNames: what a member may have put into a sealed name, for those who can open it. A name that is read is written so that it
// reads the same.
func FuzzNames(f *testing.F) {
	list, err := vectors.Load("keyring")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, given := range v.Fields {
			if b, err := given.Bytes(); given.Name == "json" && err == nil && len(b) < 1<<12 {
				f.Add(b)
			}
		}
	}
	root, zeros := keyring.Root{1}, bytes.NewReader(make([]byte, 1<<10))
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > wire.MaxSealedName {
			return
		}
		sealed := func(key seal.Key) []byte {
			zeros.Reset(make([]byte, wire.NonceSize))
			b, err := seal.SealBytes(zeros, key, plain)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		check := func(what string, err error, again func() ([]byte, error), open func([]byte) (any, error), name any) {
			if err != nil {
				if code := wire.CodeOf(err); !code.Known() || code == wire.CodeInternal {
					t.Errorf("%s is refused with %q: %v", what, code, err)
				}
				return
			}
			zeros.Reset(make([]byte, wire.NonceSize))
			b, err := again()
			if wire.CodeOf(err) == wire.CodeTooLarge {
				return // JSON can be written shorter than we do
			}
			if err != nil {
				t.Fatalf("%s was read, and cannot be written: %v", what, err)
			}
			if back, err := open(b); err != nil || !reflect.DeepEqual(back, name) {
				t.Errorf("%s %+v is read back as %+v: %v", what, name, back, err)
			}
		}
		m, err := keyring.OpenMeshName(root, 1, sealed(keyring.NameKey(root, 1)))
		check("a mesh's name", err, func() ([]byte, error) { return keyring.SealMeshName(zeros, root, 1, m) },
			func(b []byte) (any, error) { return keyring.OpenMeshName(root, 1, b) }, m)
		n, err := keyring.OpenTopicName(root, 1, sealed(keyring.NameKey(root, 1)))
		check("a topic's name", err, func() ([]byte, error) { return keyring.SealTopicName(zeros, root, 1, n) },
			func(b []byte) (any, error) { return keyring.OpenTopicName(root, 1, b) }, n)
		p, err := keyring.OpenProfile(root, 1, sealed(keyring.ProfileKey(root, 1)))
		if p.Groups == nil {
			p.Groups = []string{}
		}
		check("a profile", err, func() ([]byte, error) { return keyring.SealProfile(zeros, root, 1, p) },
			func(b []byte) (any, error) { return keyring.OpenProfile(root, 1, b) }, p)
	})
}
