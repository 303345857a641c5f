package invite

import (
	"fmt"
	"io"

	"claudemesh.com/mesh/shared/wire"
)

// Code is what a relay finds an invite by: wire.CodeLength characters of 0-9A-Za-z. It is no secret from the relay.
type Code string

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewCode draws a code without bias: bytes of 248 and above are drawn again.
func NewCode(entropy io.Reader) (Code, error) {
	const unbiased = 256 / len(alphabet) * len(alphabet)
	code := make([]byte, 0, wire.CodeLength)
	var drawn [1]byte
	for len(code) < wire.CodeLength {
		if _, err := io.ReadFull(entropy, drawn[:]); err != nil {
			return "", fmt.Errorf("drawing an invite's code: %w", err)
		}
		if b := int(drawn[0]); b < unbiased {
			code = append(code, alphabet[b%len(alphabet)])
		}
	}
	return Code(code), nil
}

// ParseCode checks a code's form; anything else is malformed.
func ParseCode(text string) (Code, error) {
	ok := len(text) == wire.CodeLength
	for i := 0; ok && i < len(text); i++ {
		c := text[i]
		ok = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	if !ok {
		return "", wire.Errorf(wire.CodeMalformed, "an invite's code has %d letters and digits", wire.CodeLength)
	}
	return Code(text), nil
}
