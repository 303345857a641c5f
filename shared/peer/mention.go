package peer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/address"
	"claudemesh.com/mesh/shared/wire"
)

// maxMentions bounds what a message says of whom it names.
const maxMentions = 32

// mentions are the members that the text names with @, where the name leaves no doubt. A name may have spaces in it: the
// longest that stands there counts.
func (c *Core) mentions(text string) []wire.MemberID {
	if !strings.Contains(text, "@") {
		return nil
	}
	var found []wire.MemberID
	directory := c.directory()
	for at, sign := range text {
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		if sign != '@' || inWord(before) || len(found) >= maxMentions {
			continue
		}
		r, err := address.Resolve("@"+named(text[at+1:], directory), directory)
		if err == nil && r.Kind == address.One && !slices.Contains(found, r.Members[0]) {
			found = append(found, r.Members[0])
		}
	}
	return found
}

// named is the longest member's name that a text begins with, or else its first word.
func named(text string, in address.Directory) string {
	longest := ""
	for _, m := range in.Members {
		if n := len(m.Name); n > len(longest) && n <= len(text) && strings.EqualFold(text[:n], m.Name) {
			if after, _ := utf8.DecodeRuneInString(text[n:]); n == len(text) || !inWord(after) {
				longest = m.Name
			}
		}
	}
	if longest != "" {
		return longest
	}
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, ".,;:!?)\"'")
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
