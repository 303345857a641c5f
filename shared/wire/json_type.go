package wire

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
)

// A jsonField is a field of a struct, or of one embedded in it, as JSON names it.
type jsonField struct {
	name      string
	index     []int
	omitEmpty bool // empty slices too are left out
	omitZero  bool
}

// jsonLayouts remembers what jsonFields found of a type: reflect.Type → []jsonField.
var jsonLayouts sync.Map

// jsonFields are the fields of a struct type, in the order of their declaration.
func jsonFields(t reflect.Type) []jsonField {
	if known, ok := jsonLayouts.Load(t); ok {
		return known.([]jsonField)
	}
	fields := findJSONFields(t)
	jsonLayouts.Store(t, fields)
	return fields
}

func findJSONFields(t reflect.Type) []jsonField {
	fields := make([]jsonField, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			for _, inner := range jsonFields(f.Type) {
				inner.index = append([]int{i}, inner.index...) // a copy: the inner type has its own
				fields = append(fields, inner)
			}
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		fields = append(fields, jsonField{name, f.Index, options == "omitempty", options == "omitzero"})
	}
	return fields
}

var (
	textWriter = reflect.TypeFor[encoding.TextMarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func isByteSlice(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
