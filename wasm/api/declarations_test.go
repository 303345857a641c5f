//go:build !js

package api

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// declarations is what peer.d.ts says, without comments.
type declarations struct {
	// interfaces: name → field → type as written; an optional field's name ends in '?'.
	interfaces map[string]map[string]string
	extends    map[string]string
	// aliases: name → type as written.
	aliases map[string]string
}

var (
	comment       = regexp.MustCompile(`(?s)/\*.*?\*/`)
	interfaceHead = regexp.MustCompile(`^export interface (\w+)(?: extends (\w+))? \{`)
	aliasHead     = regexp.MustCompile(`^export type (\w+) =`)
	fieldLine     = regexp.MustCompile(`^(?:readonly )?(\w+\??): (.+)$`)
	methodLine    = regexp.MustCompile(`^(\w+)\((.*)\): (.+)$`)
	space         = regexp.MustCompile(`\s+`)
)

func readDeclarations(t *testing.T) declarations {
	t.Helper()
	text, err := os.ReadFile("../peer.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	d := declarations{map[string]map[string]string{}, map[string]string{}, map[string]string{}}
	for part := range strings.SplitSeq(comment.ReplaceAllString(string(text), ""), "\nexport ") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		part = "export " + strings.TrimPrefix(part, "export ")
		if m := interfaceHead.FindStringSubmatch(part); m != nil {
			body := strings.TrimSuffix(strings.TrimSpace(part[len(m[0]):]), "}")
			d.interfaces[m[1]], d.extends[m[1]] = parseFields(t, body), m[2]
		} else if m := aliasHead.FindStringSubmatch(part); m != nil {
			d.aliases[m[1]] = space.ReplaceAllString(strings.TrimSpace(part[len(m[0]):]), " ")
		} else {
			t.Fatalf("peer.d.ts has a declaration that this test does not understand: %.60s", part)
		}
	}
	return d
}

// parseFields reads the lines of an interface; fields may also stand on one line, divided by ';'.
func parseFields(t *testing.T, body string) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for _, line := range splitOutside(body, "\n;") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if m := fieldLine.FindStringSubmatch(line); m != nil {
			fields[m[1]] = m[2]
		} else if m := methodLine.FindStringSubmatch(line); m != nil {
			fields[m[1]] = "(" + m[2] + ") => " + m[3]
		} else {
			t.Fatalf("peer.d.ts has a line that this test does not understand: %s", line)
		}
	}
	return fields
}

// splitOutside splits at any of the characters that stands in no bracket.
func splitOutside(text, at string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range text {
		switch {
		case strings.ContainsRune("({[", c):
			depth++
		case strings.ContainsRune(")}]", c):
			depth--
		case depth == 0 && strings.ContainsRune(at, c):
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// check holds a Go type against a TypeScript type.
func (d declarations) check(t *testing.T, where, ts string, g reflect.Type) {
	t.Helper()
	ts = strings.TrimSpace(ts)
	if rest, ok := strings.CutSuffix(ts, " | null"); ok {
		if g.Kind() != reflect.Pointer {
			t.Errorf("%s is %q in peer.d.ts, and %s is never null", where, ts, g)
			return
		}
		d.check(t, where, rest, g.Elem())
		return
	}
	if elem, ok := strings.CutSuffix(ts, "[]"); ok {
		if g.Kind() != reflect.Slice {
			t.Errorf("%s is %q in peer.d.ts, and %s in Go", where, ts, g)
			return
		}
		d.check(t, where+"[]", elem, g.Elem())
		return
	}
	switch _, isAlias := d.aliases[ts]; {
	case strings.HasPrefix(ts, "{"):
		d.checkFields(t, where, parseFields(t, strings.Trim(ts, "{} ")), g)
	case ts == "string", strings.HasPrefix(ts, "'"), strings.Contains(ts, " | '"):
		d.is(t, where, ts, g, g.Kind() == reflect.String && g.Name() == "string")
	case isAlias:
		d.is(t, where, ts, g, g.Kind() == reflect.String && strings.EqualFold(g.Name(), ts))
	case ts == "number":
		d.is(t, where, ts, g, g.Kind() >= reflect.Int && g.Kind() <= reflect.Uint64)
	case ts == "boolean":
		d.is(t, where, ts, g, g.Kind() == reflect.Bool)
	case d.interfaces[ts] != nil:
		d.is(t, where, ts, g, g.Name() == ts)
		fields := d.interfaces[ts]
		if parent := d.extends[ts]; parent != "" {
			fields = joined(fields, d.interfaces[parent])
		}
		d.checkFields(t, ts, fields, g)
	default:
		t.Errorf("%s: this test does not understand the type %q", where, ts)
	}
}

func (d declarations) is(t *testing.T, where, ts string, g reflect.Type, ok bool) {
	t.Helper()
	if !ok {
		t.Errorf("%s is %q in peer.d.ts, and %s in Go", where, ts, g)
	}
}

func joined(a, b map[string]string) map[string]string {
	both := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for name, ts := range m {
			both[name] = ts
		}
	}
	return both
}

// checkFields holds a struct's JSON fields against the fields of an interface; both must have the same, optional alike.
func (d declarations) checkFields(t *testing.T, where string, ts map[string]string, g reflect.Type) {
	t.Helper()
	if g.Kind() != reflect.Struct {
		t.Errorf("%s is an object in peer.d.ts, and %s in Go", where, g)
		return
	}
	have := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(g) {
		if f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if options == "omitempty" {
			name += "?"
		}
		have[name] = f.Type
	}
	for name, want := range ts {
		if _, ok := have[name]; !ok {
			t.Errorf("%s.%s is in peer.d.ts and not in %s", where, name, g)
			continue
		}
		d.check(t, where+"."+name, want, have[name])
	}
	for name := range have {
		if _, ok := ts[name]; !ok {
			t.Errorf("%s.%s is in %s and not in peer.d.ts", where, name, g)
		}
	}
}
