package frame

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean is a text from elsewhere without what cannot be seen: control characters but newline and tab, marks that turn the
// direction of writing, and the invisible letters in which text can be hidden from people and not from a model. Bytes that are no UTF-8
// become U+FFFD. Other line endings become newlines.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\u200c' || r == '\u200d': // joiners: writing and emoji need them
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || hidden(r):
			return -1
		}
		return r
	}, text)
}

// hidden reports whether a character is shown as nothing although it is no format character: fillers and the selectors of
// variants beyond the 16 that emoji use.
func hidden(r rune) bool {
	return r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r >= 0xe0100 && r <= 0xe01ef
}

// hosts are the tags that agents' programs put around what they are given by a push or a hook. They escape nothing.
var hosts = regexp.MustCompile(`(?i)<(\s*/\s*(?:channel|system-reminder)\b|(?:channel|system-reminder)\b)`)

// disarm keeps a text from ending or opening such a tag: its first character becomes one that looks alike.
func disarm(text string) string { return hosts.ReplaceAllString(text, "‹$1") }

// Line is Clean in one line.
func Line(text string) string {
	return strings.Join(strings.Fields(Clean(text)), " ")
}

// Word is a name as the value of an attribute: one line, short, and without the characters that end a value or a mark.
func Word(text string) string {
	return Clip(quotes.Replace(Line(text)), attributeMax)
}

var quotes = strings.NewReplacer(`"`, "'", "<", "‹", ">", "›", `\`, "/")

// Clip cuts a text to at most max bytes, with a mark for what is missing.
func Clip(text string, max int) string {
	if len(text) <= max {
		return text
	}
	return cut(text, max-len("…")) + "…"
}

// cut is the beginning of a text, at most max bytes, and no half character.
func cut(text string, max int) string {
	for max > 0 && !utf8.RuneStart(text[max]) {
		max--
	}
	return text[:max]
}
