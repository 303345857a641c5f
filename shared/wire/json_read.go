package wire

import (
	"encoding"
	"encoding/base64"
	"reflect"
	"slices"
)

var errFit = Errorf(CodeMalformed, "the JSON does not fit what is expected here")

func decodeJSON(data []byte, v any, rules jsonRules) error {
	if err := checkJSON(data, rules); err != nil {
		return err
	}
	t := jsonText{data: data, rules: rules}
	return t.value(reflect.ValueOf(v).Elem())
}

// value reads the next value into v. The text was checked, so only what does not fit v is left to refuse.
func (t *jsonText) value(v reflect.Value) error {
	c := t.peek()
	if v.Kind() != reflect.Pointer && v.Addr().Type().Implements(textReader) {
		if c != '"' {
			return errFit
		}
		text, _ := t.string()
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return t.value(v.Elem())
	case reflect.Struct:
		if c == '{' {
			return t.object(v)
		}
	case reflect.Slice:
		if c == '"' && isByteSlice(v.Type()) {
			return t.binary(v)
		}
		if c == '[' && !isByteSlice(v.Type()) {
			return t.array(v)
		}
	case reflect.String:
		if c == '"' {
			text, _ := t.string()
			v.SetString(text)
			return nil
		}
	case reflect.Bool:
		if c == 't' || c == 'f' {
			v.SetBool(t.word("true") || !t.word("false"))
			return nil
		}
	default:
		if c >= '0' && c <= '9' {
			return t.integer(v)
		}
	}
	return errFit
}

func (t *jsonText) integer(v reflect.Value) error {
	n, _ := t.number()
	switch {
	case v.CanInt() && !v.OverflowInt(int64(n)):
		v.SetInt(int64(n))
	case v.CanUint() && !v.OverflowUint(n):
		v.SetUint(n)
	default:
		return errFit
	}
	return nil
}

func (t *jsonText) binary(v reflect.Value) error {
	text, _ := t.string()
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return errFit
	}
	v.SetBytes(b)
	return nil
}

func (t *jsonText) array(v reflect.Value) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	t.at++
	for !t.take(']') {
		v.Grow(1)
		v.SetLen(v.Len() + 1)
		last := v.Index(v.Len() - 1)
		last.SetZero()
		if err := t.value(last); err != nil {
			return err
		}
		t.take(',')
	}
	return nil
}

func (t *jsonText) object(v reflect.Value) error {
	fields := jsonFields(v.Type())
	t.at++
	for !t.take('}') {
		t.peek()
		name, _ := t.string()
		t.take(':')
		i := slices.IndexFunc(fields, func(f jsonField) bool { return f.name == name })
		switch {
		case i >= 0:
			if err := t.value(v.FieldByIndex(fields[i].index)); err != nil {
				return err
			}
		case t.rules.ignoreUnknown:
			t.skip(0)
		default:
			return Errorf(CodeUnknownField, "the JSON has a field that the protocol does not name: %q", name)
		}
		t.take(',')
	}
	return nil
}
