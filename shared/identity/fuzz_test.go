//go:build !js

package identity_test

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func FuzzParsePublic(f *testing.F) {
	list, err := vectors.Load("identity")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		if b, err := v.Fields[0].Bytes(); v.Do == "record" && err == nil {
			f.Add(b)
		}
	}
	own, err := identity.Generate(entropy(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		p, err := identity.ParsePublic(record)
		if err != nil {
			switch wire.CodeOf(err) {
			case wire.CodeMalformed, wire.CodeUnsupported, wire.CodeBadKey:
			default:
				t.Error(err)
			}
			return
		}
		if !bytes.Equal(p.Record(), record) {
			t.Error("a record has two encodings")
		}
		if _, err := own.SharedKey(t.Context(), p.Box); err != nil {
			t.Errorf("a record was taken whose key gives no shared key: %v", err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	list, err := vectors.Load("identity")
	if err != nil {
		f.Fatal(err)
	}
	own, err := identity.Generate(entropy(1))
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, given := range v.Fields {
			if b, err := given.Bytes(); v.Do == "verify" && given.Name == "signature" && err == nil {
				f.Add(b)
			}
		}
	}
	key, message := own.Public().Sign, []byte("message")
	honest, err := own.Sign(f.Context(), message)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(honest)
	f.Fuzz(func(t *testing.T, signature []byte) {
		if identity.Verify(key, message, signature) && !bytes.Equal(signature, honest) {
			t.Errorf("a second signature: %x", signature)
		}
	})
}
