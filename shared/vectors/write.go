package vectors

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// lineBytes is how many bytes of hex stand in one line.
const lineBytes = 60

// String is the vector as its file has it.
func (v Vector) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "comment: %s\nrule: %s\ndo: %s\nexpect: %s\n\n", v.Comment, v.Rule, v.Do, v.Expect)
	for _, f := range v.Fields {
		sign := ":"
		if f.Out {
			sign = " ="
		}
		fmt.Fprintf(&b, "%s%s %s\n", f.Name, sign, strings.ReplaceAll(f.Value, "\n", "\n  "))
	}
	return b.String()
}

// Hex writes bytes as a value: hex in lines, with long runs of one byte written as a repetition.
func Hex(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	var pieces []string
	for len(b) > 0 {
		same := run(b)
		if same >= lineBytes {
			pieces = append(pieces, fmt.Sprintf("%02x*%d", b[0], same))
			b = b[same:]
			continue
		}
		n := 0
		for n < len(b) && n < lineBytes && run(b[n:]) < lineBytes {
			n++
		}
		pieces = append(pieces, hex.EncodeToString(b[:n]))
		b = b[n:]
	}
	return strings.Join(pieces, "\n")
}

// run is how often the first byte of b stands at its front.
func run(b []byte) int {
	n := 1
	for n < len(b) && b[n] == b[0] {
		n++
	}
	return n
}

// Text writes a text as a value.
func Text(s string) string {
	if s == "" {
		return "-"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r < 0x20 || r >= 0x7f && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
