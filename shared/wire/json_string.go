package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// string passes the string that is next, quotes included. An escaped half of a surrogate pair is U+FFFD.
func (t *jsonText) string() (s string, ok bool) {
	t.at++
	start := t.at
	for t.at < len(t.data) {
		switch c := t.data[t.at]; {
		case c == '"':
			s = string(t.data[start:t.at])
			t.at++
			return s, true
		case c == '\\':
			return t.escaped(append([]byte(nil), t.data[start:t.at]...))
		case c < ' ':
			return "", false
		}
		t.at++
	}
	return "", false
}

// escaped goes on with a string from its first backslash; b is what came before.
func (t *jsonText) escaped(b []byte) (s string, ok bool) {
	for t.at < len(t.data) {
		c := t.data[t.at]
		t.at++
		switch {
		case c == '"':
			return string(b), true
		case c < ' ':
			return "", false
		case c != '\\':
			b = append(b, c)
			continue
		}
		if t.at == len(t.data) {
			return "", false
		}
		c = t.data[t.at]
		t.at++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := t.unit()
			if !ok {
				return "", false
			}
			b = utf8.AppendRune(b, t.pair(r))
		default:
			return "", false
		}
	}
	return "", false
}

// unit passes the four digits of \uXXXX.
func (t *jsonText) unit() (r rune, ok bool) {
	if len(t.data)-t.at < 4 {
		return 0, false
	}
	for _, c := range t.data[t.at : t.at+4] {
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		digit := hexDigit(c)
		if digit > 15 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	t.at += 4
	return r, true
}

// pair joins the first half of a surrogate pair with a second one that follows as \uXXXX.
func (t *jsonText) pair(first rune) rune {
	if !utf16.IsSurrogate(first) {
		return first
	}
	back := t.at
	if t.word(`\u`) {
		if second, ok := t.unit(); ok {
			if joined := utf16.DecodeRune(first, second); joined != utf8.RuneError {
				return joined
			}
		}
	}
	t.at = back
	return utf8.RuneError
}
