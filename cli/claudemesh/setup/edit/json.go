package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// JSON is a JSON document whose root is an object, perhaps with comments and trailing commas. Its zero value is no document;
// Parse makes one. Each change keeps the bytes that it does not have to touch. It is not for use from several goroutines.
type JSON struct {
	text    []byte
	root    hujson.Value
	mark    bool   // a byte order mark leads the text
	newline string // of the document
	unit    string // of its indentation
	lines   bool   // whether it is spread over lines
	space   string // behind a colon or comma where a value stands on one line
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// ParseJSON reads a document. Comments and trailing commas are refused unless loose. Nothing but white space is an empty object.
func ParseJSON(content []byte, loose bool) (*JSON, error) {
	d := &JSON{newline: "\n", unit: "  ", lines: true, space: " "}
	text := bytes.TrimPrefix(content, byteOrderMark)
	d.mark = len(text) < len(content)
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}\n")
	}
	if bytes.Contains(text, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	if !loose {
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			return nil, syntax(text, err)
		}
	}
	if err := d.read(bytes.Clone(text)); err != nil {
		return nil, err
	}
	box, err := boxOf(&d.root)
	if err != nil || box.kind != '{' {
		return nil, &SyntaxError{1, "it is not a JSON object"}
	}
	inner := text[box.open:box.close]
	if len(box.items) > 0 {
		d.lines = bytes.ContainsRune(inner, '\n')
		if !d.lines && !bytes.Contains(inner, []byte(`": `)) {
			d.space = ""
		}
		if lead := d.lead(box.items[0].start); lead != "" {
			d.unit = lead
		}
	}
	return d, nil
}

// syntax gives the error of a decoder the line that it is on.
func syntax(text []byte, err error) error {
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		return &SyntaxError{lineOf(text, int(bad.Offset)-1), bad.Error()}
	}
	return &SyntaxError{0, err.Error()}
}

func (d *JSON) read(text []byte) error {
	root, err := hujson.Parse(text)
	if err != nil {
		// The parser names the line in its words: "hujson: line 3, column 7: …".
		reason := strings.TrimPrefix(err.Error(), "hujson: ")
		var line, column int
		if _, scanned := fmt.Sscanf(reason, "line %d, column %d", &line, &column); scanned == nil {
			_, reason, _ = strings.Cut(reason, ": ")
		}
		return &SyntaxError{line, reason}
	}
	d.text, d.root = text, root
	return nil
}

// Bytes is the document as it is now.
func (d *JSON) Bytes() []byte {
	if d.mark {
		return append(bytes.Clone(byteOrderMark), d.text...)
	}
	return bytes.Clone(d.text)
}

// box is an object or array: where its brackets, items and commas are.
type box struct {
	kind        byte // of the opening bracket
	open, close int  // of the brackets
	items       []item
	trailing    bool // a comma follows the last item
}

// item is a member or an element.
type item struct {
	start      int // of its name, or of the value
	value, end int
	comma      int // of the comma behind it, or -1
	name       string
	of         *hujson.Value
	commented  bool // a line comment is the last thing before it
}

func boxOf(v *hujson.Value) (box, error) {
	b := box{open: v.StartOffset, close: v.EndOffset - 1}
	add := func(first, value *hujson.Value, name string) {
		before := bytes.TrimRight(first.BeforeExtra, " \t\r\n")
		last := before[bytes.LastIndexByte(before, '\n')+1:]
		b.items = append(b.items, item{
			first.StartOffset, value.StartOffset, value.EndOffset, value.EndOffset + len(value.AfterExtra), name, value,
			bytes.Contains(last, []byte("//")),
		})
	}
	var after hujson.Extra
	switch at := v.Value.(type) {
	case *hujson.Object:
		b.kind = '{'
		for i := range at.Members {
			m := &at.Members[i]
			add(&m.Name, &m.Value, m.Name.Value.(hujson.Literal).String())
			after = m.Value.AfterExtra
		}
	case *hujson.Array:
		b.kind = '['
		for i := range at.Elements {
			add(&at.Elements[i], &at.Elements[i], "")
			after = at.Elements[i].AfterExtra
		}
	default:
		return box{}, &SyntaxError{0, "it is neither an object nor an array"}
	}
	if n := len(b.items); n > 0 {
		// A trailing comma is told by what follows the last value: something, be it empty, and not nothing.
		if b.trailing = after != nil; !b.trailing {
			b.items[n-1].comma = -1
		}
	}
	return b, nil
}

// find is the value at a path of names (string) and indices (int); nil: there is none. A name that is there twice is refused,
// since programs differ in which one they take.
func (d *JSON) find(path ...any) (*hujson.Value, error) {
	at := &d.root
	for _, step := range path {
		b, err := boxOf(at)
		if err != nil {
			return nil, &SyntaxError{lineOf(d.text, at.StartOffset), pathText(path) + " cannot be there: what is around it is neither an object nor an array"}
		}
		at = nil
		switch step := step.(type) {
		case int:
			if b.kind == '[' && step < len(b.items) {
				at = b.items[step].of
			}
		case string:
			if b.kind != '{' {
				return nil, &SyntaxError{lineOf(d.text, b.open), pathText(path) + " cannot be there: what is around it is not an object"}
			}
			for _, it := range b.items {
				if it.name != step {
					continue
				}
				if at != nil {
					return nil, &SyntaxError{lineOf(d.text, it.start), fmt.Sprintf("%q is there twice", step)}
				}
				at = it.of
			}
		}
		if at == nil {
			return nil, nil
		}
	}
	return at, nil
}

func pathText(path []any) string {
	var b strings.Builder
	for i, step := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, step)
	}
	return b.String()
}

// Get is the value at a path of names (string) and indices (int) as plain JSON without comments, or nil where there is none.
func (d *JSON) Get(path ...any) (json.RawMessage, error) {
	v, err := d.find(path...)
	if v == nil || err != nil {
		return nil, err
	}
	plain := v.Clone()
	plain.BeforeExtra, plain.AfterExtra = nil, nil
	plain.Standardize()
	return plain.Pack(), nil
}

// Names lists the names of the object at path, in their order; none where there is no object.
func (d *JSON) Names(path ...any) ([]string, error) {
	v, err := d.find(path...)
	if v == nil || err != nil {
		return nil, err
	}
	b, err := boxOf(v)
	var names []string
	for _, it := range b.items {
		if b.kind == '{' {
			names = append(names, it.name)
		}
	}
	return names, err
}

// Len is how many elements the array at path has; 0 where there is none.
func (d *JSON) Len(path ...any) (int, error) {
	v, err := d.find(path...)
	if v == nil || err != nil {
		return 0, err
	}
	b, err := boxOf(v)
	if err == nil && b.kind != '[' {
		err = &SyntaxError{lineOf(d.text, b.open), pathText(path) + " is not an array"}
	}
	return len(b.items), err
}

// Raw is the value at path as it stands in the document, or nil.
func (d *JSON) Raw(path ...any) ([]byte, error) {
	v, err := d.find(path...)
	if v == nil || err != nil {
		return nil, err
	}
	return bytes.Clone(d.text[v.StartOffset:v.EndOffset]), nil
}

// lead is the white space between the start of a line and an offset, where there is nothing else between.
func (d *JSON) lead(offset int) string {
	line := d.text[bytes.LastIndexByte(d.text[:offset], '\n')+1 : offset]
	if len(bytes.Trim(line, " \t")) > 0 {
		return ""
	}
	return string(line)
}

// indent is the indentation of the line on which an offset lies.
func (d *JSON) indent(offset int) string {
	line := d.text[bytes.LastIndexByte(d.text[:offset], '\n')+1 : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}
