package seal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// Padmé: the size covers what is padded, never shrinks, costs at most 12 %, and leaves few sizes.
func TestPaddedSize(t *testing.T) {
	sizes, last := map[int]bool{}, 0
	for n := range 70_000 {
		size := seal.PaddedSize(n)
		if size < n+4 || size < 64 || size < last || size > 64 && size*100 > (n+4)*112 {
			t.Fatalf("%d bytes are padded to %d", n, size)
		}
		if seal.PaddedSize(size-4) != size {
			t.Fatalf("%d bytes are padded to %d, which is no size of its own", n, size)
		}
		sizes[size], last = true, size
	}
	// 2^s sizes for each power of two: 8 from 2^6 on, 16 from 2^8, 32 from 2^16.
	if most := 2*8 + 8*16 + 32; len(sizes) > most {
		t.Errorf("there are %d sizes, at most %d were expected", len(sizes), most)
	}
}

type pair struct {
	sender, receiver wire.DeviceID
	key              identity.SharedKey
}

func newPair(t *testing.T) pair {
	t.Helper()
	a, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.SharedKey(context.Background(), b.Public().Box)
	if err != nil {
		t.Fatal(err)
	}
	return pair{a.Public().DeviceID(), b.Public().DeviceID(), key}
}

var direct = wire.Header{Priority: wire.PriorityNext, Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}}}

func TestDirectBounds(t *testing.T) {
	p := newPair(t)
	to := []seal.Recipient{{Device: p.receiver, Key: p.key}}
	sealed := func(h wire.Header, message []byte, to []seal.Recipient) error {
		_, err := seal.SealDirect(rand.Reader, wire.MeshID{}, p.sender, h, message, to)
		return err
	}
	if err := sealed(direct, make([]byte, wire.MaxMessage), to); err != nil {
		t.Errorf("the largest message: %v", err)
	}
	if err := sealed(direct, make([]byte, wire.MaxMessage+1), to); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("a larger message: %v", err)
	}
	if err := sealed(direct, nil, append(to, to[0])); wire.CodeOf(err) != wire.CodeMalformed {
		t.Errorf("a device named twice: %v", err)
	}
	many := make([]seal.Recipient, wire.MaxEnvelope/wire.StanzaSize+1)
	if err := sealed(direct, nil, many); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("too many devices: %v", err)
	}
	for name, change := range map[string]func(*wire.Header){
		"no recipient":   func(h *wire.Header) { h.Recipients = nil },
		"65 recipients":  func(h *wire.Header) { h.Recipients = make([][wire.IDSize]byte, 65) },
		"order":          func(h *wire.Header) { h.Recipients = [][wire.IDSize]byte{{2}, {1}} },
		"no epoch":       func(h *wire.Header) { h.Epoch = 0 },
		"no counter":     func(h *wire.Header) { h.Counter = 0 },
		"counter 2^53":   func(h *wire.Header) { h.Counter = wire.MaxCounter + 1 },
		"other priority": func(h *wire.Header) { h.Priority = 3 },
	} {
		h := direct
		change(&h)
		if err := sealed(h, nil, to); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	wide := direct
	wide.Recipients = nil
	for i := range 32 {
		wide.Recipients = append(wide.Recipients, [wire.IDSize]byte{byte(i)})
	}
	if err := sealed(wide, make([]byte, wire.MaxMessage), to); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("512 KiB to 32 recipients: %v", err)
	}
}

// Two seals of one message have nothing in common but the header and the stanza's device.
func TestSealsAreFresh(t *testing.T) {
	p := newPair(t)
	var envelopes [2]wire.Envelope
	for i := range envelopes {
		b, err := seal.SealDirect(rand.Reader, wire.MeshID{}, p.sender, direct, []byte("hello"), []seal.Recipient{{Device: p.receiver, Key: p.key}})
		if err != nil {
			t.Fatal(err)
		}
		if envelopes[i], err = wire.ParseEnvelope(b); err != nil {
			t.Fatal(err)
		}
	}
	a, b := envelopes[0], envelopes[1]
	if bytes.Equal(a.Nonce, b.Nonce) || bytes.Equal(a.Commitment, b.Commitment) || bytes.Equal(a.Ciphertext, b.Ciphertext) || bytes.Equal(a.RawStanza(0)[32:56], b.RawStanza(0)[32:56]) {
		t.Error("a key or nonce was used twice")
	}
}

func TestWithoutEntropy(t *testing.T) {
	p := newPair(t)
	to := []seal.Recipient{{Device: p.receiver, Key: p.key}}
	for _, drawn := range []int{0, 31, 32, 55, 56, 79} { // key 32, nonce 24, the stanza's nonce 24
		_, err := seal.SealDirect(bytes.NewReader(make([]byte, drawn)), wire.MeshID{}, p.sender, direct, nil, to)
		if err == nil {
			t.Errorf("sealed with %d bytes of entropy", drawn)
		}
	}
	broken := errors.New("broken")
	if _, err := seal.SealBytes(iotest.ErrReader(broken), seal.Key{}, nil); !errors.Is(err, broken) {
		t.Errorf("sealed bytes without entropy: %v", err)
	}
	if _, err := seal.SealCard(iotest.ErrReader(broken), seal.Key{}, 1, nil, make([]byte, identity.SignatureSize)); !errors.Is(err, broken) {
		t.Errorf("a card without entropy: %v", err)
	}
}

func TestTopicAndCardBounds(t *testing.T) {
	h := wire.Header{Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}}}
	signature, nonce := make([]byte, identity.SignatureSize), [wire.NonceSize]byte{}
	if _, err := seal.SealTopic(seal.Key{}, h, nonce, make([]byte, wire.MaxMessage), signature); err != nil {
		t.Errorf("the largest message: %v", err)
	}
	if _, err := seal.SealTopic(seal.Key{}, h, nonce, make([]byte, wire.MaxMessage+1), signature); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("a larger message: %v", err)
	}
	if _, err := seal.SealTopic(seal.Key{}, h, nonce, nil, signature[1:]); wire.CodeOf(err) != wire.CodeBadSignature {
		t.Errorf("a short signature: %v", err)
	}
	h.Counter = 0
	if _, err := seal.SealTopic(seal.Key{}, h, nonce, nil, signature); wire.CodeOf(err) != wire.CodeMalformed {
		t.Errorf("no counter: %v", err)
	}
	most := 0
	for 4+seal.Overhead+seal.PaddedSize(most+identity.SignatureSize) <= wire.MaxCard {
		most++
	}
	card, err := seal.SealCard(rand.Reader, seal.Key{}, 1, make([]byte, most-1), signature)
	if err != nil || len(card) > wire.MaxCard {
		t.Errorf("the largest card: %d bytes, %v", len(card), err)
	}
	if _, err := seal.SealCard(rand.Reader, seal.Key{}, 1, make([]byte, most), signature); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("a larger card: %v", err)
	}
	if _, err := seal.SealCard(rand.Reader, seal.Key{}, 1, nil, signature[1:]); wire.CodeOf(err) != wire.CodeBadSignature {
		t.Errorf("a card with a short signature: %v", err)
	}
}

func TestKeysDoNotShow(t *testing.T) {
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"key": key, "list": []seal.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + key.String() + key.GoString()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, key) + fmt.Sprintf(verb, &key) + fmt.Sprintf(verb, seal.Recipient{})
	}
	for _, form := range []string{"%x", "%X", "%d", "%v", "%#v", "%s"} {
		if s := strings.Trim(fmt.Sprintf(form, key[:]), "[]"); strings.Contains(shown, s) {
			t.Errorf("a key shows itself: %s", shown)
		}
	}
}
