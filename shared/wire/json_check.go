package wire

import (
	"strconv"
	"unicode/utf8"
)

// jsonRules are where a reader is laxer than section 1.
type jsonRules struct {
	ignoreUnknown bool // fields that the value does not name
	anyNames      bool // of fields
}

// A jsonText is read from the front. It is checked as a whole before any of it is decoded.
type jsonText struct {
	data  []byte
	at    int
	rules jsonRules
}

func checkJSON(data []byte, rules jsonRules) error {
	t := jsonText{data: data, rules: rules}
	if !utf8.Valid(data) || !t.skip(0) || t.peek() != 0 || t.at != len(data) {
		return errJSON
	}
	return nil
}

// peek passes white space and gives the next byte, or 0 at the end; a zero byte is at no place in JSON.
func (t *jsonText) peek() byte {
	for ; t.at < len(t.data); t.at++ {
		switch c := t.data[t.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take passes white space and the byte c, if that is next.
func (t *jsonText) take(c byte) bool {
	if t.peek() != c || t.at == len(t.data) {
		return false
	}
	t.at++
	return true
}

func (t *jsonText) word(word string) bool {
	if len(t.data)-t.at < len(word) || string(t.data[t.at:t.at+len(word)]) != word {
		return false
	}
	t.at += len(word)
	return true
}

// skip passes one value inside depth others, and reports whether it is as section 1 says.
func (t *jsonText) skip(depth int) bool {
	switch c := t.peek(); {
	case c == '{':
		return depth < MaxDepth && t.skipObject(depth+1)
	case c == '[':
		return depth < MaxDepth && t.skipArray(depth+1)
	case c == '"':
		_, ok := t.string()
		return ok
	case c == 't':
		return t.word("true")
	case c == 'f':
		return t.word("false")
	case c >= '0' && c <= '9':
		_, ok := t.number()
		return ok
	}
	return false
}

func (t *jsonText) skipArray(depth int) bool {
	t.at++
	if t.take(']') {
		return true
	}
	for {
		if !t.skip(depth) {
			return false
		}
		if !t.take(',') {
			return t.take(']')
		}
	}
}

func (t *jsonText) skipObject(depth int) bool {
	t.at++
	if t.take('}') {
		return true
	}
	names := map[string]struct{}{}
	for {
		if t.peek() != '"' {
			return false
		}
		name, ok := t.string()
		if _, twice := names[name]; !ok || twice || !t.rules.anyNames && !fieldName(name) {
			return false
		}
		names[name] = struct{}{}
		if !t.take(':') || !t.skip(depth) {
			return false
		}
		if !t.take(',') {
			return t.take('}')
		}
	}
}

// number passes the digits that are next.
func (t *jsonText) number() (n uint64, ok bool) {
	start := t.at
	for t.at < len(t.data) && t.data[t.at] >= '0' && t.data[t.at] <= '9' {
		t.at++
	}
	digits := t.data[start:t.at]
	if len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	if t.at < len(t.data) {
		switch t.data[t.at] {
		case '.', 'e', 'E', '-', '+':
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return n, err == nil && n <= MaxJSONNumber
}
