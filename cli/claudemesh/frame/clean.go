package frame

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean is a text from elsewhere without what cannot be seen: control characters but newline and tab, marks that turn the
// direction of writing, and the invisible letters in which text can be hidden from people and not from a model. Joiners and the
// two selectors of emoji stay behind a character that may need them, one behind each. Bytes that are no UTF-8 become U+FFFD. Other
// line endings become newlines.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	last := ' ' // the last character that stayed
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			r = '\n'
		case r == '\n' || r == '\t':
		case joins(r) || selects(r):
			if last <= unicode.MaxASCII || joins(last) || selects(last) && selects(r) {
				return -1
			}
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		last = r
		return r
	}, text)
}

// joins reports whether a character joins or parts its neighbours, selects whether it says how the one before it looks.
func joins(r rune) bool   { return r == '\u200c' || r == '\u200d' }
func selects(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

// hosts are the tags that agents' programs put around what they are given, and our own marks, as they are with any boundary. Programs
// escape nothing.
var hosts = regexp.MustCompile(`(?i)<((?:\s*/\s*)?(?:(?:channel|system-reminder|task-notification|user-prompt-submit-hook|tool_(?:use|result)s?|` +
	`(?:antml:)?function_(?:calls|results)|antml:[a-z_]+|command-(?:name|message|args)|(?:local-command|bash)-[a-z]+|` +
	`environment_context|user_instructions)\b|peer-[0-9a-f]))`)

// disarm keeps a text from ending or opening such a tag: its first character becomes one that looks alike.
func disarm(text string) string { return hosts.ReplaceAllString(text, "‹$1") }

// Line is Clean in one line, which neither opens nor ends a tag of the agent's program.
func Line(text string) string {
	return disarm(strings.Join(strings.Fields(Clean(text)), " "))
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
