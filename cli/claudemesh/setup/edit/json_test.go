package edit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
	"pgregory.net/rapid"
)

func parse(t testing.TB, text string, loose bool) *edit.JSON {
	t.Helper()
	d, err := edit.ParseJSON([]byte(text), loose)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

var entry = struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
}{"/opt/a & b/mesh", []string{"mcp"}}

// Each case: a document, and what it is with an entry set at servers.mesh and an element appended to list. Comments, order and
// shape of everything else stay.
func TestSetAppend(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"nothing": {"", `{
  "servers": {
    "mesh": {
      "command": "/opt/a & b/mesh",
      "args": [
        "mcp"
      ]
    }
  },
  "list": [
    1
  ]
}
`},
		"one line":        {`{"b":1,"a":[ ]}`, `{"b":1,"a":[ ],"servers":{"mesh":{"command":"/opt/a & b/mesh","args":["mcp"]}},"list":[1]}`},
		"one line, aired": {`{"b": 1, "list": [2]}`, `{"b": 1, "list": [2, 1], "servers": {"mesh": {"command": "/opt/a & b/mesh", "args": ["mcp"]}}}`},
		"tabs, line ends of Windows": {"{\r\n\t\"list\": [\r\n\t\t0\r\n\t],\r\n\t\"servers\": {}\r\n}\r\n",
			"{\r\n\t\"list\": [\r\n\t\t0,\r\n\t\t1\r\n\t],\r\n\t\"servers\": {\r\n\t\t\"mesh\": {\r\n\t\t\t\"command\": \"/opt/a & b/mesh\",\r\n\t\t\t\"args\": [\r\n\t\t\t\t\"mcp\"\r\n\t\t\t]\r\n\t\t}\r\n\t}\r\n}\r\n"},
		"comments and trailing commas": {`// mine
{
  "servers": {
    "other": {}, // this one too
  },
  "list": [
    2 // two
    // and no more
  ] /* end */
}`, `// mine
{
  "servers": {
    "other": {}, // this one too
    "mesh": {
      "command": "/opt/a & b/mesh",
      "args": [
        "mcp"
      ]
    },
  },
  "list": [
    2, // two
    // and no more
    1
  ] /* end */
}`},
		"set already, in another shape": {`{"servers": {"mesh": {"args": ["mcp"], "command": "\/opt/a \u0026 b/mesh"}}, "list": []}`,
			`{"servers": {"mesh": {"args": ["mcp"], "command": "\/opt/a \u0026 b/mesh"}}, "list": [1]}`},
		"another value": {"{\n  \"servers\": {\"mesh\": 7},\n  \"list\": []\n}", "{\n  \"servers\": {\"mesh\": {\"command\": \"/opt/a & b/mesh\", \"args\": [\"mcp\"]}},\n  \"list\": [\n    1\n  ]\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, c.before, true)
			if err := d.Set(entry, "servers", "mesh"); err != nil {
				t.Fatal(err)
			}
			if err := d.Append(1, "list"); err != nil {
				t.Fatal(err)
			}
			if got := string(d.Bytes()); got != c.after {
				t.Errorf("got\n%s\nwant\n%s", got, c.after)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	for before, after := range map[string]string{
		`{"x":1}`:                                   `{}`,
		`{"x":1,"b":2}`:                             `{"b":2}`,
		`{"a":1, "x":1, "b":2}`:                     `{"a":1, "b":2}`,
		`{"a":1, "x":1}`:                            `{"a":1}`,
		"{\n  \"x\": 1,\n  \"b\": 2\n}":             "{\n  \"b\": 2\n}",
		"{\n  \"b\": 2, // two\n  \"x\": 1\n}":      "{\n  \"b\": 2 // two\n}",
		"{\n  \"b\": 2, // two\n  \"x\": 1 }":       "{\n  \"b\": 2 // two\n }",
		"{\n  \"b\": 2,\n  \"x\": 1, // ours\n}":    "{\n  \"b\": 2, // ours\n}",
		"{\n  // about x\n  \"x\": 1\n}":            "{\n  // about x\n}",
		"{\n  \"x\": 1,\n}":                         "{}",
		`{"b":2}`:                                   `{"b":2}`,
		"{\"a\": [/* a */ 1 /* b */ , 2], \"x\":1}": "{\"a\": [/* a */ 1 /* b */ , 2]}",
	} {
		d := parse(t, before, true)
		if err := d.Remove("x"); err != nil {
			t.Errorf("%s: %v", before, err)
		}
		if got := string(d.Bytes()); got != after {
			t.Errorf("%q without x is %q, want %q", before, got, after)
		}
	}
}

// What cannot be changed safely is refused, with the line.
func TestRefused(t *testing.T) {
	for text, line := range map[string]int{
		"{\n  \"a\": 1,\n  \"a\": 2\n}":     3,
		"{\n  \"a\": [1]\n}":                2,
		"{\n\n  \"a\": \"text\"\n}":         3,
		"{\n  \"a\": {\"b\": 1, \"b\": 2}}": 2,
	} {
		err := parse(t, text, false).Set(1, "a", "b")
		var bad *edit.SyntaxError
		if !errors.As(err, &bad) || bad.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
	for text, line := range map[string]int{"[]": 1, "{\"a\": 1,\n}": 2, "{\n\"a\" 1}": 2, "{} x": 1, "\"a\"": 1, "{ // no\n}": 1} {
		_, err := edit.ParseJSON([]byte(text), false)
		var bad *edit.SyntaxError
		if !errors.As(err, &bad) || bad.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
	if _, err := edit.ParseJSON([]byte("{\n\"a\": tru}"), true); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a broken document with comments: %v", err)
	}
}

// document draws a JSON object in one of the shapes that programs and people write.
func document(t *rapid.T) string {
	value := rapid.Custom(func(t *rapid.T) any { return drawValue(t, 3) })
	fields := rapid.MapOfN(rapid.StringMatching(`[a-z "\\é]{0,5}`), value, 0, 5).Draw(t, "fields")
	for _, name := range []string{"servers", "list"} {
		switch rapid.IntRange(0, 2).Draw(t, name) {
		case 0:
			delete(fields, name)
		case 1:
			fields[name] = map[string]any{"servers": map[string]any{}, "list": []any{}}[name]
		case 2:
			fields[name] = map[string]any{"servers": map[string]any{"other": 1}, "list": []any{"x"}}[name]
		}
	}
	var text []byte
	switch rapid.IntRange(0, 3).Draw(t, "shape") {
	case 0:
		text, _ = json.Marshal(fields)
	case 1:
		text, _ = json.MarshalIndent(fields, "", "  ")
	case 2:
		text, _ = json.MarshalIndent(fields, "", "\t")
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case 3:
		text, _ = json.MarshalIndent(fields, "", "    ")
		text = append([]byte("\xef\xbb\xbf"), text...)
	}
	return string(text) + rapid.SampledFrom([]string{"", "\n", " \n\n"}).Draw(t, "end")
}

func drawValue(t *rapid.T, depth int) any {
	if kind := rapid.IntRange(0, 4).Draw(t, "kind"); depth > 0 && kind < 2 {
		inner := rapid.Custom(func(t *rapid.T) any { return drawValue(t, depth-1) })
		if kind == 0 {
			return rapid.SliceOfN(inner, 0, 3).Draw(t, "elements")
		}
		return rapid.MapOfN(rapid.String(), inner, 0, 3).Draw(t, "members")
	}
	return rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](true), rapid.Map(rapid.Float64Range(-1e6, 1e6), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s })).Draw(t, "value")
}

// Setting adds what was asked for and nothing else, a second time changes nothing, and removing gives back the same values; the
// same bytes too, unless what is removed was all that its object held.
func TestSetRemove(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before := document(rt)
		d := parse(t, before, false)
		held, _ := d.Names("servers")
		length, _ := d.Len("list")
		if err := d.Set(entry, "servers", "mesh"); err != nil {
			rt.Fatal(err)
		}
		if err := d.Append("ours", "list"); err != nil {
			rt.Fatal(err)
		}
		once := d.Bytes()
		if err := d.Set(entry, "servers", "mesh"); err != nil || !bytes.Equal(once, d.Bytes()) {
			rt.Fatalf("a second time it became %s (%v)", d.Bytes(), err)
		}
		wanted := plain(rt, before)
		servers, _ := wanted["servers"].(map[string]any)
		wanted["servers"] = merged(servers, "mesh", map[string]any{"command": entry.Command, "args": []any{"mcp"}})
		list, _ := wanted["list"].([]any)
		wanted["list"] = append(list, any("ours"))
		if got := plain(rt, string(once)); !reflect.DeepEqual(got, wanted) {
			rt.Fatalf("%s\nbecame\n%s", before, once)
		}
		if err := errors.Join(d.Remove("servers", "mesh"), d.Remove("list", length)); err != nil {
			rt.Fatal(err)
		}
		had := plain(rt, before)
		for name, empty := range map[string]any{"servers": map[string]any{}, "list": []any{}} {
			if had[name] == nil {
				had[name] = empty
			}
		}
		if got := plain(rt, string(d.Bytes())); !reflect.DeepEqual(got, had) {
			rt.Fatalf("%s\nbecame\n%s", before, d.Bytes())
		}
		if len(held) > 0 && length > 0 && string(d.Bytes()) != before {
			rt.Fatalf("%q\ncame back as\n%q", before, d.Bytes())
		}
	})
}

func merged(of map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for name, value := range of {
		out[name] = value
	}
	return out
}

func plain(t *rapid.T, text string) (out map[string]any) {
	if err := json.Unmarshal(bytes.TrimPrefix([]byte(text), []byte("\xef\xbb\xbf")), &out); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out
}

// No document makes a change lose its comments, or makes one that cannot be read again.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"servers":{"a":1},"list":[1,2]}`, "{ // c\n\"servers\": {/**/}, // d\n}", "\xef\xbb\xbf{\r\n}", `{"list":[1,/*x*/]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := edit.ParseJSON([]byte(text), true)
		if err != nil {
			return
		}
		if d.Set(entry, "servers", "mesh") != nil || d.Append(1, "list") != nil {
			return
		}
		again, err := edit.ParseJSON(d.Bytes(), true)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, d.Bytes(), err)
		}
		var command string
		raw, err := again.Get("servers", "mesh", "command")
		if err != nil || json.Unmarshal(raw, &command) != nil || command != entry.Command {
			t.Fatalf("%q became %q (%v)", text, d.Bytes(), err)
		}
		if strings.Count(text, "/*") > strings.Count(string(d.Bytes()), "/*") {
			t.Fatalf("%q lost a comment: %q", text, d.Bytes())
		}
		n, _ := again.Len("list")
		if err := errors.Join(again.Remove("servers", "mesh"), again.Remove("list", n-1)); err != nil {
			t.Fatal(fmt.Errorf("%q: %w", d.Bytes(), err))
		}
	})
}
