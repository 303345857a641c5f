package webcrypto

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

func generated(t *testing.T) *Keys {
	t.Helper()
	k, err := Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func software(t *testing.T) *identity.Software {
	t.Helper()
	k, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignaturesVerifyInSoftware(t *testing.T) {
	k := generated(t)
	for _, message := range [][]byte{{}, []byte("short"), bytes.Repeat([]byte{7}, 1<<20)} {
		signature, err := k.Sign(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		if !identity.Verify(k.Public().Sign, message, signature) {
			t.Errorf("the signature of %d bytes does not verify", len(message))
		}
		if identity.Verify(k.Public().Sign, append(message, 1), signature) {
			t.Errorf("the signature of %d bytes verifies for another message", len(message))
		}
	}
}

func TestBothSidesDeriveOneSharedKey(t *testing.T) {
	browser, other := generated(t), software(t)
	ours, err := browser.SharedKey(t.Context(), other.Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := other.SharedKey(t.Context(), browser.Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	if ours != theirs {
		t.Error("WebCrypto and software derive different shared keys")
	}
	third, err := browser.SharedKey(t.Context(), software(t).Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	if third == ours {
		t.Error("two other devices give one shared key")
	}
}

func TestUnsafeSealingKeysAreRefused(t *testing.T) {
	k := generated(t)
	for name, box := range map[string][32]byte{
		"zero":             {},
		"one":              {1},
		"order eight":      {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
		"over the modulus": {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	} {
		if _, err := k.SharedKey(t.Context(), box); wire.CodeOf(err) != wire.CodeBadKey {
			t.Errorf("%s: %v, want bad_key", name, err)
		}
	}
}

func TestKeysSurviveCloning(t *testing.T) {
	k, other := generated(t), software(t)
	object, err := k.Object()
	if err != nil {
		t.Fatal(err)
	}
	// What IndexedDB does to a value.
	clone, err := safejs.Global().Call("structuredClone", object)
	if err != nil {
		t.Fatal(err)
	}
	back, err := FromObject(clone)
	if err != nil {
		t.Fatal(err)
	}
	if back.Public() != k.Public() {
		t.Error("the device record changed")
	}
	signature, err := back.Sign(t.Context(), []byte("m"))
	if err != nil || !identity.Verify(k.Public().Sign, []byte("m"), signature) {
		t.Errorf("the cloned key signs otherwise: %v", err)
	}
	ours, err := back.SharedKey(t.Context(), other.Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	if theirs, _ := other.SharedKey(t.Context(), k.Public().Box); ours != theirs {
		t.Error("the cloned key derives another shared key")
	}
}

func TestPrivateKeysCannotBeExtracted(t *testing.T) {
	k := generated(t)
	for name, key := range map[string]safejs.Value{"sign": k.sign, "box": k.box} {
		for _, format := range []string{"pkcs8", "jwk"} {
			if _, err := call(t.Context(), "exportKey", format, key); jsvalue.NameOf(err) != "InvalidAccessError" {
				t.Errorf("exporting %s as %s: %v, want it refused", name, format, err)
			}
		}
	}
}

func TestWhatIsNoKeysIsRefused(t *testing.T) {
	k := generated(t)
	good, err := k.Object()
	if err != nil {
		t.Fatal(err)
	}
	extractable, err := call(t.Context(), "generateKey", map[string]any{"name": signing}, true, []any{"sign", "verify"})
	if err != nil {
		t.Fatal(err)
	}
	loose, err := extractable.Get("privateKey")
	if err != nil {
		t.Fatal(err)
	}
	public, err := extractable.Get("publicKey")
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(safejs.Value) error{
		"no record":             func(o safejs.Value) error { return o.Delete("record") },
		"no signing key":        func(o safejs.Value) error { return o.Delete("sign") },
		"text for a key":        func(o safejs.Value) error { return o.Set("box", "key") },
		"keys swapped":          func(o safejs.Value) error { return o.Set("sign", k.box) },
		"an extractable key":    func(o safejs.Value) error { return o.Set("sign", loose) },
		"a public key":          func(o safejs.Value) error { return o.Set("sign", public) },
		"a record of all zeros": func(o safejs.Value) error { return setRecord(o, make([]byte, identity.RecordSize)) },
	} {
		object, err := safejs.Global().Call("structuredClone", good)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(object); err != nil {
			t.Fatal(err)
		}
		if _, err := FromObject(object); err == nil {
			t.Errorf("%s: taken as a device's keys", name)
		}
	}
}

func setRecord(object safejs.Value, record []byte) error {
	array, err := jsvalue.FromBytes(record)
	if err != nil {
		return err
	}
	return object.Set("record", array)
}
