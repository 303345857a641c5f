package identity_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/nacl/box"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// entropy is endless bytes that follow from a seed.
func entropy(seed byte) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		for i := range p {
			seed += 37
			p[i] = seed
		}
		return len(p), nil
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func generate(t *testing.T, seed byte) *identity.Software {
	t.Helper()
	d, err := identity.Generate(entropy(seed))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGenerate(t *testing.T) {
	a := generate(t, 1)
	if b := generate(t, 2); a.Public() == b.Public() {
		t.Error("two devices have the same keys")
	}
	back, err := identity.Restore(a.Private())
	if err != nil || back.Public() != a.Public() {
		t.Errorf("a device comes back as %v (%v)", back, err)
	}
	if p, err := identity.ParsePublic(a.Public().Record()); err != nil || p != a.Public() {
		t.Errorf("its record reads as %v (%v)", p, err)
	}
	broken := errors.New("broken")
	if _, err := identity.Generate(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("without entropy: %v", err)
	}
	if _, err := identity.Generate(bytes.NewReader(make([]byte, 63))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("with too little entropy: %v", err)
	}
}

// The shared key is libsodium's box_beforenm, as x/crypto computes it.
func TestSharedKeyIsPrecompute(t *testing.T) {
	a, b := generate(t, 1), generate(t, 2)
	other, private := b.Public().Box, a.Private()
	var want, scalar [32]byte
	copy(scalar[:], private[32:])
	box.Precompute(&want, &other, &scalar)
	for _, c := range []struct {
		of *identity.Software
		to [32]byte
	}{{a, b.Public().Box}, {b, a.Public().Box}} {
		if key, err := c.of.SharedKey(context.Background(), c.to); err != nil || key != want {
			t.Errorf("the shared key is not box_beforenm (%v)", err)
		}
	}
}

// CheckBox refuses a key below the prime exactly where the scalar product is zero, which crypto/ecdh says by itself.
func TestCheckBoxIsAboutZeroProducts(t *testing.T) {
	private, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	} {
		around, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []byte{0, 1, 2, 0xfe, 0xff} {
			key := [32]byte(around)
			if key[0] += step; key[31] == 0x7f && key[0] >= 0xed || key[31] == 0 && key[1] == 0 && key[0] > 2 {
				continue // over the prime, or under zero
			}
			public, err := ecdh.X25519().NewPublicKey(key[:])
			if err != nil {
				t.Fatal(err)
			}
			_, zero := private.ECDH(public)
			if err := identity.CheckBox(key); (err != nil) != (zero != nil) {
				t.Errorf("%x: %v, but the product says %v", key, err, zero)
			}
			if zero != nil {
				refused++
			}
		}
	}
	if refused != 5 {
		t.Errorf("%d keys of small order, not 5", refused)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	d := generate(t, 3)
	private := d.Private()
	key, err := d.SharedKey(context.Background(), generate(t, 4).Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Key     identity.SharedKey
		Private identity.Private
		Device  *identity.Software
	}
	for name, value := range map[string]any{"key": key, "private": private, "device": d, "by value": *d, "pointer": &key, "holder": holder{key, private, d}, "list": []identity.SharedKey{key}} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("it", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("it", "value", value)
		text, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		shown := []string{log.String(), string(text), fmt.Sprint(value)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x"} {
			shown = append(shown, fmt.Sprintf(verb, value))
		}
		for _, text := range shown {
			for _, secret := range [][]byte{key[:], private[:32], private[32:]} {
				for _, form := range []string{"%x", "%X", "% x", "%d", "%v", "%#v", "%s"} {
					if s := strings.Trim(fmt.Sprintf(form, secret), "[]"); strings.Contains(text, s) {
						t.Errorf("%s shows a secret: %s", name, text)
					}
				}
			}
		}
	}
	if key.String() != key.GoString() || private.String() != private.GoString() {
		t.Error("String and GoString differ")
	}
}

func TestCheckRefusesEither(t *testing.T) {
	good := generate(t, 5).Public()
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []identity.Public{{Sign: good.Sign}, {Box: good.Box}, {}} {
		if err := bad.Check(); wire.CodeOf(err) != wire.CodeBadKey {
			t.Errorf("%v is taken (%v)", bad, err)
		}
	}
}
