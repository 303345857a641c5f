package wire

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// EncodeJSON writes v as JSON. It fails for a type that it does not know, or one that cannot say itself as text. A nil
// pointer is null, which the protocol has nowhere; a nil slice is [].
func EncodeJSON(v any) ([]byte, error) { return AppendJSON(make([]byte, 0, 256), v) }

// AppendJSON appends v as JSON.
func AppendJSON(b []byte, v any) ([]byte, error) { return appendJSON(b, reflect.ValueOf(v)) }

func appendJSON(b []byte, v reflect.Value) ([]byte, error) {
	if !v.IsValid() {
		return append(b, "null"...), nil
	}
	if v.Kind() != reflect.Pointer && v.Type().Implements(textWriter) {
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		return appendJSONString(b, string(text)), err
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.String:
		return appendJSONString(b, v.String()), nil
	case reflect.Slice:
		return appendJSONSlice(b, v)
	case reflect.Struct:
		return appendJSONStruct(b, v)
	case reflect.Pointer, reflect.Interface:
		return appendJSON(b, v.Elem())
	}
	return b, fmt.Errorf("wire: %s has no JSON", v.Type())
}

func appendJSONSlice(b []byte, v reflect.Value) ([]byte, error) {
	if isByteSlice(v.Type()) {
		b = base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes())
		return append(b, '"'), nil
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, v.Index(i)); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendJSONStruct(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, f := range jsonFields(v.Type()) {
		value := v.FieldByIndex(f.index)
		if f.omitEmpty && isEmpty(value) || f.omitZero && value.IsZero() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONString(b, f.name), ':')
		var err error
		if b, err = appendJSON(b, value); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

const hexDigits = "0123456789abcdef"

// appendJSONString writes a string; what in it is not UTF-8 becomes U+FFFD. U+2028 and U+2029 are escaped, because text
// that holds them was once no JavaScript.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	plain := 0 // where what was not written yet begins
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if r >= ' ' && r != '"' && r != '\\' && r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		b = appendEscaped(append(b, s[plain:i]...), r)
		i += size
		plain = i
	}
	return append(append(b, s[plain:]...), '"')
}

func appendEscaped(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case utf8.RuneError:
		return utf8.AppendRune(b, r)
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
