package setup

import (
	"bytes"
	"encoding/json"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
)

// jsonFile is a JSON file with parts of ours in it.
type jsonFile struct {
	name  string
	loose bool // comments and trailing commas are allowed
	parts []part
}

// part is one of our entries in a JSON file.
type part interface {
	put(d *edit.JSON) error
	// take takes the part out; original is the document from before, or nil.
	take(d, original *edit.JSON) error
	look(d *edit.JSON) ([]Entry, error)
	// example puts the part into an empty document, for a person to copy.
	example(d *edit.JSON) error
}

func (f *jsonFile) file() string { return f.name }

func (f *jsonFile) put(content []byte) ([]byte, error) {
	d, err := edit.ParseJSON(content, f.loose)
	if err != nil {
		return nil, err
	}
	for _, p := range f.parts {
		if err := p.put(d); err != nil {
			return nil, err
		}
	}
	return d.Bytes(), nil
}

func (f *jsonFile) take(content, original []byte) ([]byte, error) {
	d, err := edit.ParseJSON(content, f.loose)
	if err != nil {
		return nil, err
	}
	var was *edit.JSON
	// What was there before does not count where it cannot be read, or where claudemesh was in it already.
	if had, err := f.look(original); original != nil && err == nil && !ours(had) {
		was, _ = edit.ParseJSON(original, f.loose)
	}
	before := d.Bytes()
	for _, p := range f.parts {
		if err := p.take(d, was); err != nil {
			return nil, err
		}
	}
	if bytes.Equal(before, d.Bytes()) {
		return content, nil
	}
	return d.Bytes(), nil
}

func (f *jsonFile) look(content []byte) ([]Entry, error) {
	d, err := edit.ParseJSON(content, f.loose)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, p := range f.parts {
		entries, err := p.look(d)
		if err != nil {
			return nil, err
		}
		out = append(out, entries...)
	}
	return out, nil
}

func (f *jsonFile) paste() string {
	d, err := edit.ParseJSON(nil, false)
	for _, p := range f.parts {
		if err == nil {
			err = p.example(d)
		}
	}
	if err != nil {
		return ""
	}
	return string(d.Bytes())
}

// prune takes out the objects and arrays at path and around it that are empty and were not there before.
func prune(d, original *edit.JSON, path ...any) error {
	for ; len(path) > 0; path = path[:len(path)-1] {
		have, err := d.Get(path...)
		if err != nil {
			return err
		}
		if left := strings.Join(strings.Fields(string(have)), ""); left != "{}" && left != "[]" {
			return nil
		}
		if original != nil {
			if was, err := original.Get(path...); err != nil || was != nil {
				return err
			}
		}
		if err := d.Remove(path...); err != nil {
			return err
		}
	}
	return nil
}

// field is a member of an object whose members have an order.
type field struct {
	name  string
	value any
}

type fields []field

// MarshalJSON writes an object with the members in their order.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, member := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(member.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(member.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// server is the entry of our MCP server among the agent's servers.
type server struct {
	around string // the member that holds the servers
	fields fields
	env    string // the field that holds variables
	pinned string // the value of CLAUDEMESH_CONFIG_DIR in it, or empty
	mine   string // the program that it starts
}

// serverName is the entry's name, which Claude Code shows and makes the tools' names of.
const serverName = "claudemesh"

func (s server) path(more ...any) []any { return append([]any{s.around, serverName}, more...) }

func (s server) whole() fields {
	if s.pinned == "" {
		return s.fields
	}
	return append(s.fields[:len(s.fields):len(s.fields)], field{s.env, fields{{home.Env, s.pinned}}})
}

func (s server) example(d *edit.JSON) error { return d.Set(s.whole(), s.path()...) }

func (s server) put(d *edit.JSON) error {
	have, err := d.Get(s.path()...)
	if err != nil {
		return err
	}
	if s.program(have) == "" {
		return d.Set(s.whole(), s.path()...)
	}
	// What somebody added to our entry, like a time limit, stays.
	for _, f := range s.fields {
		if err := d.Set(f.value, s.path(f.name)...); err != nil {
			return err
		}
	}
	if s.pinned == "" {
		return d.Remove(s.path(s.env, home.Env)...)
	}
	return d.Set(s.pinned, s.path(s.env, home.Env)...)
}

func (s server) take(d, original *edit.JSON) error {
	have, err := d.Get(s.path()...)
	if have == nil || err != nil || s.program(have) == "" {
		return err
	}
	if original != nil {
		was, err := original.Get(s.path()...)
		if err != nil {
			return err
		}
		if was != nil && s.program(was) == "" {
			raw, err := original.Raw(s.path()...)
			if err != nil {
				return err
			}
			return d.SetRaw(raw, s.path()...)
		}
	}
	if err := d.Remove(s.path()...); err != nil {
		return err
	}
	return prune(d, original, s.around)
}

func (s server) look(d *edit.JSON) ([]Entry, error) {
	have, err := d.Get(s.path()...)
	if err != nil {
		return nil, err
	}
	entry := Entry{Name: "MCP server", State: Present}
	if words := s.words(have); words != nil {
		entry.Program, entry.Mesh = words[0], meshOf(words[1:])
	}
	before := d.Bytes()
	switch {
	case have == nil:
		entry.State = Missing
	case entry.Program == "":
		entry.State = Foreign
	default:
		// It is as it should be where putting it changes nothing.
		trial, err := edit.ParseJSON(before, true)
		if err != nil {
			return nil, err
		}
		if err := s.put(trial); err != nil || !bytes.Equal(before, trial.Bytes()) {
			entry.State = Stale
		}
	}
	entries := []Entry{entry}
	others, err := d.Names(s.around)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		other, err := d.Get(s.around, name)
		if err != nil {
			return nil, err
		}
		if program := s.program(other); program != "" && name != serverName {
			entries = append(entries, Entry{Name: "MCP server named " + name, State: Duplicate, Program: program})
		}
	}
	return entries, nil
}

// program is what a server's entry starts, where that is claudemesh mcp, and else empty.
func (s server) program(entry json.RawMessage) string {
	if words := s.words(entry); words != nil {
		return words[0]
	}
	return ""
}

// words are what starts claudemesh mcp, with its arguments; nil: the entry starts something else.
func (s server) words(entry json.RawMessage) []string {
	var line struct {
		Command json.RawMessage `json:"command"`
		Args    []string        `json:"args"`
	}
	if json.Unmarshal(entry, &line) != nil {
		return nil
	}
	var words []string
	if json.Unmarshal(line.Command, &words) != nil {
		var program string
		if json.Unmarshal(line.Command, &program) != nil {
			return nil
		}
		words = append([]string{program}, line.Args...)
	}
	if len(words) < 2 || words[1] != "mcp" || !isMesh(words[0], s.mine) {
		return nil
	}
	return words
}
