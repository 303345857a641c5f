package edit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// TOML is a TOML document. It changes whole tables. It is not for use from several goroutines.
type TOML struct {
	text    []byte
	values  map[string]any
	lines   []expression
	newline string
}

// expression is a header, or a key with its value.
type expression struct {
	header     bool
	list       bool     // a header of a table in an array
	path       []string // from the root
	start, end int      // of its lines, with the line end
}

// ParseTOML reads a document.
func ParseTOML(content []byte) (*TOML, error) {
	d := &TOML{newline: "\n"}
	if bytes.Contains(content, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	return d, d.read(bytes.Clone(content))
}

func (d *TOML) read(text []byte) error {
	var values map[string]any
	if err := toml.Unmarshal(text, &values); err != nil {
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			line, _ := bad.Position()
			return &SyntaxError{line, strings.TrimPrefix(bad.Error(), "toml: ")}
		}
		return &SyntaxError{0, strings.TrimPrefix(err.Error(), "toml: ")}
	}
	var lines []expression
	var table []string
	var p unstable.Parser
	p.Reset(text)
	for p.NextExpression() {
		node := p.Expression()
		e := expression{header: node.Kind != unstable.KeyValue, list: node.Kind == unstable.ArrayTable}
		var first, last unstable.Range
		for keys := node.Key(); keys.Next(); {
			last = keys.Node().Raw
			if len(e.path) == 0 {
				first = last
			}
			e.path = append(e.path, string(keys.Node().Data))
		}
		if e.header {
			table = e.path
		} else {
			first, last = node.Raw, node.Raw
			e.path = append(slices.Clone(table), e.path...)
		}
		// Nothing but white space, the brackets of a header and a comment stand beside it on its lines.
		e.start = bytes.LastIndexByte(text[:first.Offset], '\n') + 1
		e.end = len(text)
		if i := bytes.IndexByte(text[last.Offset+last.Length:], '\n'); i >= 0 {
			e.end = int(last.Offset+last.Length) + i + 1
		}
		lines = append(lines, e)
	}
	if err := p.Error(); err != nil {
		return &SyntaxError{0, err.Error()}
	}
	d.text, d.values, d.lines = text, values, lines
	return nil
}

// Bytes is the document as it is now.
func (d *TOML) Bytes() []byte { return bytes.Clone(d.text) }

// Get is the value at a path as the decoder gives it, or nil.
func (d *TOML) Get(path ...string) any {
	var at any = d.values
	for _, step := range path {
		table, isTable := at.(map[string]any)
		if !isTable {
			return nil
		}
		at = table[step]
	}
	return at
}

// span is a run of whole lines.
type span struct{ start, end int }

// sections are the lines of the table at path and of the tables in it. A table that is written in another way than by headers of
// its own is refused: its lines are not its own.
func (d *TOML) sections(path []string) ([]span, error) {
	var out []span
	within := func(e expression) bool {
		return len(e.path) >= len(path) && slices.Equal(e.path[:len(path)], path)
	}
	ours := false // whether the last header is within path
	for _, e := range d.lines {
		switch {
		case e.header && e.list && within(e) && len(e.path) == len(path):
			return nil, &SyntaxError{lineOf(d.text, e.start), strings.Join(path, ".") + " is a list of tables there"}
		case e.header:
			if ours = within(e); ours {
				out = append(out, span{e.start, e.end})
			}
		case ours:
			out[len(out)-1].end = e.end
		case within(e) || !e.header && len(e.path) < len(path) && slices.Equal(path[:len(e.path)], e.path):
			return nil, &SyntaxError{lineOf(d.text, e.start), strings.Join(path, ".") + " is written within another line there"}
		}
	}
	return out, nil
}

// Table is the lines of the table at path and of the tables in it, as they stand; empty where there is none.
func (d *TOML) Table(path ...string) (string, error) {
	sections, err := d.sections(path)
	var out strings.Builder
	for _, s := range sections {
		out.Write(d.text[s.start:s.end])
	}
	return out.String(), err
}

// Rest is what stands in the table at path, and in the tables in it, beside the entries with these names: lines for SetTable to
// put behind others of that table.
func (d *TOML) Rest(names []string, path ...string) (string, error) {
	sections, err := d.sections(path)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, e := range d.lines {
		inside := slices.ContainsFunc(sections, func(s span) bool { return s.start <= e.start && e.end <= s.end })
		if inside && len(e.path) > len(path) && !slices.Contains(names, e.path[len(path)]) {
			out.Write(d.text[e.start:e.end])
		}
	}
	return out.String(), nil
}

// SetTable puts block, the lines of the table at path with its header, in the place of that table, or behind everything else. The
// values of everything else stay what they were, or nothing changes and the error says so.
func (d *TOML) SetTable(block string, path ...string) error {
	sections, err := d.sections(path)
	if err != nil {
		return err
	}
	block = strings.ReplaceAll(strings.ReplaceAll(block, "\r\n", "\n"), "\n", d.newline)
	var out []byte
	at := 0
	for i, s := range sections {
		out = append(out, d.text[at:s.start]...)
		if i == 0 {
			out = append(out, block...)
		}
		at = s.end
	}
	out = append(out, d.text[at:]...)
	if len(sections) == 0 {
		if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
			out = append(out, d.newline...)
		}
		if len(out) > 0 {
			out = append(out, d.newline...)
		}
		out = append(out, block...)
	}
	return d.change(out, path)
}

// RemoveTable takes the table at path out, with the blank line before it. Where there is none nothing changes.
func (d *TOML) RemoveTable(path ...string) error {
	sections, err := d.sections(path)
	if err != nil || len(sections) == 0 {
		return err
	}
	var out []byte
	at := 0
	for _, s := range sections {
		kept := d.text[at:s.start]
		if bytes.HasSuffix(append([]byte(d.newline), kept...), []byte(d.newline+d.newline)) {
			kept = kept[:len(kept)-len(d.newline)]
		}
		out = append(out, kept...)
		at = s.end
	}
	return d.change(append(out, d.text[at:]...), path)
}

// change takes text as the document where nothing but the table at path means something else in it.
func (d *TOML) change(text []byte, path []string) error {
	after := &TOML{newline: d.newline}
	if err := after.read(text); err != nil {
		return fmt.Errorf("%s cannot stand here: %w", strings.Join(path, "."), err)
	}
	if !reflect.DeepEqual(without(d.values, path), without(after.values, path)) {
		return &SyntaxError{0, strings.Join(path, ".") + " cannot be changed here without changing something else"}
	}
	*d = *after
	return nil
}

// without is values less what is at path, and less the tables around it that hold nothing else.
func without(values map[string]any, path []string) map[string]any {
	out := make(map[string]any, len(values))
	for name, value := range values {
		if name != path[0] {
			out[name] = value
			continue
		}
		if inner, isTable := value.(map[string]any); isTable && len(path) > 1 {
			if rest := without(inner, path[1:]); len(rest) > 0 {
				out[name] = rest
			}
		} else if len(path) > 1 {
			out[name] = value
		}
	}
	return out
}

// TOMLString writes a string as TOML does.
func TOMLString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
