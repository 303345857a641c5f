// Package vectors holds the golden vectors of docs/PROTOCOL.md: files that each isolate one rule or one failure, for every
// implementation to run. README.md says how a file is read.
//
// What it does not do: implement the protocol. Each package runs the vectors of its own rules with Run, in its tests;
// scripts/vectors writes the files.
package vectors

import (
	"bytes"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed */*.txt
var files embed.FS

// OK is the Expect of a vector that succeeds; any other is a code of section 12.
const OK = "ok"

// Vector is one file.
type Vector struct {
	Name    string // folder/file, without .txt
	Comment string // what is special about it
	Rule    string // the section of docs/PROTOCOL.md
	Do      string // the operation
	Expect  string // OK or a code
	Fields  []Field
}

// Field is one line of a vector: something given, or something that must come out.
type Field struct {
	Name  string
	Out   bool
	Value string // as written
}

// Load reads the vectors of a folder, by name.
func Load(folder string) ([]Vector, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	vectors := make([]Vector, 0, len(names))
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		v, err := Parse(strings.TrimSuffix(name, ".txt"), string(text))
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, v)
	}
	return vectors, nil
}

// Parse reads one file.
func Parse(name, text string) (Vector, error) {
	v := Vector{Name: name}
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok || !strings.HasSuffix(body, "\n") {
		return v, fmt.Errorf("%s: a vector has a head, an empty line and fields, each line ended", name)
	}
	lines := strings.Split(head, "\n")
	for i, to := range []struct {
		key   string
		value *string
	}{{"comment", &v.Comment}, {"rule", &v.Rule}, {"do", &v.Do}, {"expect", &v.Expect}} {
		value, ok := "", false
		if i < len(lines) {
			value, ok = strings.CutPrefix(lines[i], to.key+": ")
		}
		if !ok || value == "" || len(lines) != 4 {
			return v, fmt.Errorf("%s: the head is comment, rule, do and expect", name)
		}
		*to.value = value
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if more, ok := strings.CutPrefix(line, "  "); ok && len(v.Fields) > 0 {
			v.Fields[len(v.Fields)-1].Value += " " + more
			continue
		}
		f, err := parseField(line)
		if err != nil {
			return v, fmt.Errorf("%s: %w", name, err)
		}
		for _, other := range v.Fields {
			if other.Name == f.Name {
				return v, fmt.Errorf("%s: %s stands twice", name, f.Name)
			}
		}
		v.Fields = append(v.Fields, f)
	}
	return v, nil
}

func parseField(line string) (Field, error) {
	name, value, _ := strings.Cut(line, " ")
	f := Field{Name: strings.TrimSuffix(name, ":"), Value: value}
	if f.Name == name {
		f.Out = true
		if f.Value, _ = strings.CutPrefix(value, "= "); f.Value == value {
			return f, fmt.Errorf("%q is neither `name: value` nor `name = value`", line)
		}
	}
	return f, nil
}

// Number reads a field as a decimal number.
func (f Field) Number() (uint64, error) { return strconv.ParseUint(f.Value, 10, 64) }

// Bytes reads a field as bytes: pieces parted by spaces, each lower-case hex or a JSON string, and each repeated where `*`
// and a number follow it. A single `-` is no bytes.
func (f Field) Bytes() ([]byte, error) {
	if f.Value == "-" {
		return []byte{}, nil
	}
	var out []byte
	rest := f.Value
	for rest != "" {
		piece, after, err := cutPiece(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		times := 1
		if count, ok := strings.CutPrefix(after, "*"); ok {
			count, after, _ = strings.Cut(count, " ")
			if times, err = strconv.Atoi(count); err != nil || times < 1 || times > 1<<22 {
				return nil, fmt.Errorf("%s: cannot repeat %q times", f.Name, count)
			}
		}
		out = append(out, bytes.Repeat(piece, times)...)
		rest = strings.TrimLeft(after, " ")
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no bytes are written -", f.Name)
	}
	return out, nil
}

// cutPiece takes one piece off the front; what follows begins with '*', a space or nothing.
func cutPiece(text string) (piece []byte, after string, err error) {
	if text[0] != '"' {
		end := strings.IndexAny(text, " *")
		if end < 0 {
			end = len(text)
		}
		piece, err = hex.DecodeString(text[:end])
		if strings.ToLower(text[:end]) != text[:end] {
			err = fmt.Errorf("hex is lower-case")
		}
		return piece, text[end:], err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	var s string
	if err := decoder.Decode(&s); err != nil {
		return nil, "", err
	}
	return []byte(s), text[decoder.InputOffset():], nil
}
