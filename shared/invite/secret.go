package invite

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"

	"claudemesh.com/mesh/shared/wire"
)

// SecretSize is the size in bytes of an invite's secret, and secretText that of its text.
const (
	SecretSize = 16
	secretText = 22
)

const redacted = "[secret]"

// Secret is what a link carries behind its #, and what everything sealed in an invite rests on. It never shows itself in a
// format, a log or JSON; only Text and a Link's String give it away.
type Secret [SecretSize]byte

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NewSecret draws a secret.
func NewSecret(entropy io.Reader) (Secret, error) {
	var s Secret
	if _, err := io.ReadFull(entropy, s[:]); err != nil {
		return Secret{}, fmt.Errorf("drawing an invite's secret: %w", err)
	}
	return s, nil
}

// ParseSecret reads the 22 characters of unpadded base64url that Text writes; every other text is malformed.
func ParseSecret(text string) (Secret, error) {
	var s Secret
	if len(text) != secretText {
		return Secret{}, errSecret
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(s[:], []byte(text)); err != nil {
		return Secret{}, errSecret
	}
	return s, nil
}

var errSecret = wire.Errorf(wire.CodeMalformed, "the part of the link after # is not whole: it has %d letters, digits, - and _", secretText)

// Text is the secret as a link carries it.
func (s Secret) Text() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// Key is an invite's Ed25519 key: who holds it may join.
type Key struct{ private ed25519.PrivateKey }

// Key follows from the secret: its seed is HKDF(secret, D("invite-key")).
func (s Secret) Key() Key {
	seed := wire.Derive(s[:], "invite-key")
	return Key{ed25519.NewKeyFromSeed(seed[:])}
}

// ID is the invite's id: the public key.
func (k Key) ID() wire.InviteID { return wire.InviteID(k.private[ed25519.SeedSize:]) }

// Sign makes a signature of 64 bytes; the message carries its domain already (roster.JoinSigningBytes).
func (k Key) Sign(message []byte) []byte { return ed25519.Sign(k.private, message) }

// Format shows nothing of the key, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// EscrowKey opens the escrow: the root key of the mesh. It is as secret as the secret.
func (s Secret) EscrowKey() [wire.KeySize]byte { return wire.Derive(s[:], "invite-escrow") }

// PreviewKey opens the preview. It is as secret as the secret.
func (s Secret) PreviewKey() [wire.KeySize]byte { return wire.Derive(s[:], "invite-preview") }
