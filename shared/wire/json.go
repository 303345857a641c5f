package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on all JSON of the protocol (section 1).
const (
	MaxDepth      = 16        // of nesting
	MaxFieldName  = 64        // bytes
	MaxJSONNumber = 1<<53 - 1 // so that every language reads it exactly
)

// DecodeJSON reads exactly one JSON value of at most limit bytes into v, as section 1 says, and calls v's Check where it has
// one. Fields that v does not name are CodeUnknownField, anything else that does not fit is CodeMalformed, a longer text
// CodeTooLarge.
func DecodeJSON(data []byte, limit int, v any) error {
	if len(data) > limit {
		return Errorf(CodeTooLarge, "this JSON has %d bytes, at most %d are taken", len(data), limit)
	}
	if err := CheckJSON(data); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		var e *Error
		switch {
		case errors.As(err, &e):
			return e
		case strings.Contains(err.Error(), "unknown field"):
			return Errorf(CodeUnknownField, "the JSON has a field that the protocol does not name: %s", strings.TrimPrefix(err.Error(), "json: unknown field "))
		}
		return Errorf(CodeMalformed, "the JSON does not fit what is expected here")
	}
	if checked, ok := v.(interface{ Check() error }); ok {
		return checked.Check()
	}
	return nil
}

// CheckJSON refuses, with CodeMalformed, what section 1 does not allow in any JSON: text that is not one value in UTF-8, null,
// nesting deeper than MaxDepth, a number that is not digits alone or is over MaxJSONNumber, a field named twice in one object,
// and a field with a name of anything but a–z, 0–9 and '_' or of more than MaxFieldName bytes.
//
// encoding/json would take most of these, and fold names of another case into those that it knows.
func CheckJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var open []map[string]struct{} // the names seen in each open object; nil for an array
	wantsName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return errJSON
		}
		switch token := token.(type) {
		case nil:
			return errJSON
		case json.Delim:
			switch token {
			case '{':
				open = append(open, map[string]struct{}{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			if len(open) > MaxDepth {
				return errJSON
			}
		case json.Number:
			if n, err := strconv.ParseUint(token.String(), 10, 64); err != nil || n > MaxJSONNumber {
				return errJSON
			}
		case string:
			if wantsName {
				names := open[len(open)-1]
				if _, twice := names[token]; twice || !fieldName(token) {
					return errJSON
				}
				names[token] = struct{}{}
				wantsName = false
				continue
			}
		}
		if len(open) == 0 {
			break
		}
		wantsName = open[len(open)-1] != nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	return nil
}

var errJSON = Errorf(CodeMalformed, "this is not JSON as the protocol describes it")

func fieldName(name string) bool {
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return name != "" && len(name) <= MaxFieldName
}

// Bytes is binary in JSON: base64 in the standard alphabet, padded, in its one canonical form.
type Bytes []byte

// MarshalText writes base64.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads base64; line breaks, missing padding and bits behind the end are CodeMalformed.
func (b *Bytes) UnmarshalText(text []byte) error {
	out, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		return Errorf(CodeMalformed, "binary in JSON is base64 in the standard alphabet, padded")
	}
	*b = out
	return nil
}

// List is a list in JSON: an empty one is [], never null.
type List[T any] []T

// MarshalJSON writes an array.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}
