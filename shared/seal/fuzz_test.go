//go:build !js

package seal_test

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func seed(f *testing.F, operation, field string) {
	f.Helper()
	list, err := vectors.Load("seal")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, given := range v.Fields {
			if b, err := given.Bytes(); v.Do == operation && given.Name == field && err == nil && len(b) < 1<<14 {
				f.Add(b)
			}
		}
	}
}

// FuzzUnpad holds that a padded text has one encoding.
func FuzzUnpad(f *testing.F) {
	seed(f, "unpad", "padded")
	f.Fuzz(func(t *testing.T, padded []byte) {
		data, err := seal.Unpad(padded)
		if err != nil {
			if wire.CodeOf(err) != wire.CodeBadBody {
				t.Error(err)
			}
			return
		}
		if !bytes.Equal(seal.Pad(data), padded) {
			t.Errorf("%x has a second padding: %x", data, padded)
		}
	})
}

// FuzzOpen opens what nobody sealed with every way of opening; nothing opens, and nothing panics.
func FuzzOpen(f *testing.F) {
	seed(f, "open-direct", "envelope")
	seed(f, "open-topic", "envelope")
	seed(f, "open-card", "card")
	seed(f, "open-anonymous", "sealed")
	seed(f, "open-bytes", "sealed")
	f.Fuzz(func(t *testing.T, b []byte) {
		opened := func(how string, err error) {
			if code := wire.CodeOf(err); err == nil || !code.Known() || code == wire.CodeInternal {
				t.Errorf("%s: %v", how, err)
			}
		}
		if e, err := wire.ParseEnvelope(b); err == nil {
			self := wire.DeviceID{}
			if e.Stanzas() > 0 {
				self = e.StanzaDevice(0)
			}
			_, err := seal.OpenDirect(wire.MeshID{}, wire.DeviceID{}, self, &e, identity.SharedKey{})
			opened("direct", err)
			_, err = seal.OpenTopic(seal.Key{}, wire.MeshID{}, wire.DeviceID{}, [32]byte{}, &e)
			opened("topic", err)
		}
		_, err := seal.OpenCard(seal.Key{}, seal.CardOf{}, [32]byte{}, b)
		opened("card", err)
		_, err = seal.OpenBytes(seal.Key{}, b)
		opened("bytes", err)
		_, err = seal.OpenAnonymous(b, [32]byte{}, identity.SharedKey{})
		opened("anonymous", err)
	})
}
