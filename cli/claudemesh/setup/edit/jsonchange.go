package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Set gives the member at a path of names (string) and indices (int) a value, and makes the objects around it where they are
// missing. Where the member has this value, whatever its form, nothing changes. A path of an index alone is refused.
func (d *JSON) Set(value any, path ...any) error {
	have, err := d.find(path...)
	if err != nil {
		return err
	}
	if have == nil {
		return d.make(value, path)
	}
	plain, err := d.Get(path...)
	if err != nil {
		return err
	}
	if same, err := equal(plain, value); same || err != nil {
		return err
	}
	shaped, err := d.shape(value, d.indent(have.StartOffset), d.spread(have.StartOffset))
	if err != nil {
		return err
	}
	return d.splice(have.StartOffset, have.EndOffset, shaped)
}

// SetRaw is Set with a value in the bytes that are to stand there.
func (d *JSON) SetRaw(raw []byte, path ...any) error {
	have, err := d.find(path...)
	if err != nil {
		return err
	}
	if have == nil {
		if err := d.make(nil, path); err != nil {
			return err
		}
		if have, err = d.find(path...); err != nil {
			return err
		}
	}
	return d.splice(have.StartOffset, have.EndOffset, raw)
}

// Append puts a value at the end of the array at path, which is made where it is missing.
func (d *JSON) Append(value any, path ...any) error {
	have, err := d.find(path...)
	if err != nil {
		return err
	}
	if have == nil {
		return d.make([]any{value}, path)
	}
	b, err := boxOf(have)
	if err != nil || b.kind != '[' {
		return &SyntaxError{lineOf(d.text, have.StartOffset), pathText(path) + " is not an array"}
	}
	return d.insert(b, "", value)
}

// make puts value at a path where nothing is: into the innermost object that is there, with the missing ones around it.
func (d *JSON) make(value any, path []any) error {
	for i := len(path) - 1; i >= 0; i-- {
		around, err := d.find(path[:i]...)
		if err != nil {
			return err
		}
		name, isName := path[i].(string)
		if !isName {
			return &SyntaxError{0, pathText(path) + " is not there"}
		}
		if around == nil {
			value = member{name, value}
			continue
		}
		b, err := boxOf(around)
		if err != nil || b.kind != '{' {
			return &SyntaxError{lineOf(d.text, around.StartOffset), pathText(path[:i]) + " is not an object"}
		}
		return d.insert(b, name, value)
	}
	return &SyntaxError{0, "the root cannot be replaced"}
}

// member is an object with one member.
type member struct {
	name  string
	value any
}

func (m member) MarshalJSON() ([]byte, error) {
	name, err := marshal(m.name)
	if err != nil {
		return nil, err
	}
	value, err := marshal(m.value)
	return fmt.Appendf(nil, "{%s:%s}", name, value), err
}

// spread reports whether what stands around an offset begins its lines itself.
func (d *JSON) spread(offset int) bool {
	line := d.text[bytes.LastIndexByte(d.text[:offset], '\n')+1 : offset]
	// A value behind others of its line stands in a box that was written on one line.
	return d.lines && !bytes.ContainsAny(line, "{[,")
}

// insert puts an item behind the last one of a box.
func (d *JSON) insert(b box, name string, value any) error {
	spread, indent := d.lines, ""
	if n := len(b.items); n > 0 {
		spread = bytes.ContainsRune(d.text[b.open:b.close], '\n')
		if indent = d.lead(b.items[0].start); indent == "" && spread {
			indent = d.indent(b.open) + d.unit
		}
	} else if spread {
		indent = d.indent(b.open) + d.unit
	}
	if bytes.ContainsRune(d.text[b.open:b.close], '\n') {
		spread = true
	}
	shaped, err := d.shape(value, indent, spread)
	if err != nil {
		return err
	}
	if name != "" {
		quoted, err := marshal(name)
		if err != nil {
			return err
		}
		shaped = append(append(quoted, ":"+d.colon(spread)...), shaped...)
	}
	var out []byte
	last := b.open + 1
	if n := len(b.items); n > 0 {
		if last = b.items[n-1].end; b.trailing {
			last = b.items[n-1].comma + 1
		}
	}
	out = append(out, d.text[:last]...)
	if len(b.items) > 0 && !b.trailing {
		out = append(out, ',')
	}
	// What else stands before the bracket are comments about the items before.
	rest := d.text[last:b.close]
	comments := bytes.TrimRight(rest, " \t\r\n")
	out = append(out, comments...)
	switch {
	case spread:
		out = append(append(out, d.newline...), indent...)
	case len(b.items) > 0 || len(comments) > 0:
		out = append(out, d.space...)
	}
	out = append(out, shaped...)
	if b.trailing {
		out = append(out, ',')
	}
	tail := rest[len(comments):]
	if spread && len(b.items) == 0 && !bytes.ContainsRune(tail, '\n') {
		tail = []byte(d.newline + d.indent(b.open))
	}
	out = append(out, tail...)
	return d.read(append(out, d.text[b.close:]...))
}

func (d *JSON) colon(spread bool) string {
	if spread {
		return " "
	}
	return d.space
}

// Remove takes the member or element at path out, with its comma. Where there is none nothing changes.
func (d *JSON) Remove(path ...any) error {
	target, err := d.find(path...)
	if target == nil || err != nil {
		return err
	}
	around, err := d.find(path[:len(path)-1]...)
	if err != nil {
		return err
	}
	b, err := boxOf(around)
	if err != nil {
		return err
	}
	at := 0
	for b.items[at].of != target {
		at++
	}
	it := b.items[at]
	// White space before it goes, but what ends a line comment stays.
	lead := len(bytes.TrimRight(d.text[:it.start], " \t\r\n"))
	if it.commented && !bytes.HasPrefix(bytes.TrimLeft(d.text[it.end:], " \t\r,"), []byte("\n")) {
		lead += bytes.IndexByte(d.text[lead:], '\n') + 1
	}
	var out []byte
	if at > 0 && it.comma < 0 {
		comma := b.items[at-1].comma
		out = append(append(out, d.text[:comma]...), d.text[comma+1:lead]...)
	} else {
		out = append(out, d.text[:lead]...)
	}
	tail := d.text[it.end:]
	if it.comma >= 0 {
		tail = append(bytes.Clone(d.text[it.end:it.comma]), d.text[it.comma+1:]...)
	}
	switch {
	case len(b.items) == 1 && lead == b.open+1:
		// What is left is empty unless a comment stands in it.
		if shut := bytes.TrimLeft(tail, " \t\r\n"); shut[0] == '}' || shut[0] == ']' {
			tail = shut
		}
	case at == 0 && it.start == b.open+1:
		tail = bytes.TrimLeft(tail, " \t")
	}
	return d.read(append(out, tail...))
}

func (d *JSON) splice(start, end int, with []byte) error {
	out := append(bytes.Clone(d.text[:start]), with...)
	return d.read(append(out, d.text[end:]...))
}

// shape writes a value as the document writes its own: over lines that begin with indent, or on one.
func (d *JSON) shape(value any, indent string, spread bool) ([]byte, error) {
	compact, err := marshal(value)
	if err != nil {
		return nil, err
	}
	if !spread {
		if d.space == "" {
			return compact, nil
		}
		return airy(compact), nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, indent, d.unit); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte(d.newline)), nil
}

// airy puts a space behind the colons and commas of compact JSON.
func airy(compact []byte) []byte {
	var out []byte
	quoted := false
	for i, c := range compact {
		out = append(out, c)
		switch {
		case c == '"' && !escaped(compact[:i]):
			quoted = !quoted
		case !quoted && (c == ':' || c == ','):
			out = append(out, ' ')
		}
	}
	return out
}

// escaped reports whether a character behind text is escaped there: an odd number of backslashes precedes it.
func escaped(text []byte) bool { return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1 }

func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// equal compares what two values mean.
func equal(plain json.RawMessage, value any) (bool, error) {
	wanted, err := marshal(value)
	if err != nil {
		return false, err
	}
	var a, b any
	if err := json.Unmarshal(plain, &a); err != nil {
		return false, err
	}
	if err := json.Unmarshal(wanted, &b); err != nil {
		return false, err
	}
	return reflect.DeepEqual(a, b), nil
}
