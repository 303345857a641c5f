package invite_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

func TestSecretText(t *testing.T) {
	if secret.Text() != secretText {
		t.Errorf("written %q", secret.Text())
	}
	read, err := invite.ParseSecret(secretText)
	if err != nil || read != secret {
		t.Errorf("read %x, %v", read[:], err)
	}
}

// Neither a secret nor the key that follows from it shows itself, wherever it is printed.
func TestSecretsStayHidden(t *testing.T) {
	key := secret.Key()
	seed := wire.Derive(secret[:], "invite-key")
	link := invite.Link{Origin: "https://relay.example", Code: "Ab3dE6gH", Secret: secret}
	holder := struct {
		Secret invite.Secret
		Key    invite.Key
		Link   *invite.Secret
	}{secret, key, &secret}
	encoded, err := json.Marshal(struct{ Secret invite.Secret }{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %x %d %s", holder, holder, holder, holder, holder, holder),
		fmt.Sprintf("%x %v %#v", key, &key, &secret), string(encoded),
		fmt.Sprintf("%v %s %+v %q", link, link, &link, []invite.Link{link}),
	} {
		for _, hidden := range []string{secretText, fmt.Sprintf("%x", secret[:]), fmt.Sprintf("%x", seed[:]), fmt.Sprint(seed[:])[1:20], "[0 1 2 3"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%q shows %q", text, hidden)
			}
		}
	}
}

// The three keys of an invite differ, and its id is the public half of the one that signs.
func TestKeysOfASecret(t *testing.T) {
	key := secret.Key()
	message := []byte("message")
	if !identity.Verify(key.ID(), message, key.Sign(message)) || identity.Verify(key.ID(), []byte("other"), key.Sign(message)) {
		t.Error("the invite's id does not verify its signatures")
	}
	if secret.EscrowKey() == secret.PreviewKey() || secret.EscrowKey() == (invite.Secret{}).EscrowKey() {
		t.Error("two keys are one")
	}
}

// Every byte below 248 gives a letter, each letter as often; the rest are drawn again.
func TestCodesAreUnbiased(t *testing.T) {
	var all [256]byte
	for n := range all {
		all[n] = byte(n)
	}
	counts := map[byte]int{}
	entropy := bytes.NewReader(all[:])
	for range 248 / wire.CodeLength {
		code, err := invite.NewCode(entropy)
		if err != nil {
			t.Fatal(err)
		}
		if read, err := invite.ParseCode(string(code)); err != nil || read != code {
			t.Fatalf("%q is not read: %v", code, err)
		}
		for n := range len(code) {
			counts[code[n]]++
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d letters are drawn", len(counts))
	}
	for letter, n := range counts {
		if n != 4 {
			t.Errorf("%c is drawn %d times of 248", letter, n)
		}
	}
	if _, err := invite.NewCode(entropy); !errors.Is(err, io.EOF) {
		t.Errorf("biased bytes make a code: %v", err)
	}
}

func TestParseCodeRefuses(t *testing.T) {
	for _, text := range []string{"", "Ab3dE6g", "Ab3dE6gHi", "Ab3dE6g ", "Ab3dE6g/", "Ab3dE6g_", "Äb3dE6g", "Ab3dE6g\n"} {
		if code, err := invite.ParseCode(text); wire.CodeOf(err) != wire.CodeMalformed || code != "" {
			t.Errorf("%q: %q, %v", text, code, err)
		}
	}
}

func TestEntropyThatFails(t *testing.T) {
	broken := iotest.ErrReader(errors.New("no entropy"))
	if _, err := invite.NewSecret(broken); err == nil {
		t.Error("a secret is drawn from nothing")
	}
	if _, err := invite.NewCode(broken); err == nil {
		t.Error("a code is drawn from nothing")
	}
	if s, err := invite.NewSecret(bytes.NewReader(secret[:])); err != nil || s != secret {
		t.Errorf("drawn %v", err)
	}
}
