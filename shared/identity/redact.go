package identity

import "fmt"

const redacted = "[secret]"

// SharedKey is what two devices' X25519 keys give after HSalsa20: the key of every box between them, the same in both
// directions. It never shows itself in a format, a log or JSON; do not keep it in a field that another type prints by
// reflection (an unexported field of a type without a Format method).
type SharedKey [KeySize]byte

// Private is a device's private half: the Ed25519 seed and then the X25519 scalar. It never shows itself, as SharedKey.
type Private [2 * KeySize]byte

func (SharedKey) String() string               { return redacted }
func (SharedKey) GoString() string             { return redacted }
func (SharedKey) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (SharedKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (Private) String() string               { return redacted }
func (Private) GoString() string             { return redacted }
func (Private) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (Private) MarshalText() ([]byte, error) { return []byte(redacted), nil }
