package wire

import (
	"bytes"
	"encoding/base64"
)

// JSON of the protocol (section 1) is read and written here and not by encoding/json, which takes null, fields named twice or
// in another case and numbers that other languages cannot read, and which is a tenth of a browser's download.
//
// What can be read and written: structs by their json tags (name, omitempty, omitzero; embedded structs as their fields),
// pointers to such, slices, strings, integers, booleans, []byte as base64, and whatever marshals itself as text.

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
	if err := decodeJSON(data, v, jsonRules{}); err != nil {
		return err
	}
	if checked, ok := v.(interface{ Check() error }); ok {
		return checked.Check()
	}
	return nil
}

// DecodeKnownJSON is DecodeJSON without a limit and without Check, for a value that may have fields which v does not name:
// they are ignored.
func DecodeKnownJSON(data []byte, v any) error {
	return decodeJSON(data, v, jsonRules{ignoreUnknown: true})
}

// DecodeScriptJSON reads what JavaScript of the same program hands over: as DecodeJSON, without a limit and without Check,
// and with names of fields in any letters.
func DecodeScriptJSON(data []byte, v any) error {
	return decodeJSON(data, v, jsonRules{anyNames: true})
}

// CheckJSON refuses, with CodeMalformed, what section 1 does not allow in any JSON: text that is not one value in UTF-8, null,
// nesting deeper than MaxDepth, a number that is not digits alone or is over MaxJSONNumber, a field named twice in one object,
// and a field with a name of anything but a–z, 0–9 and '_' or of more than MaxFieldName bytes.
func CheckJSON(data []byte) error { return checkJSON(data, jsonRules{}) }

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

// List is a list that encoding/json too writes as [] where it is empty, and never as null.
type List[T any] []T

// MarshalJSON writes an array.
func (l List[T]) MarshalJSON() ([]byte, error) { return EncodeJSON([]T(l)) }
