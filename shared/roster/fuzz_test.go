package roster_test

import (
	"bytes"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// FuzzParse: whatever is read has one encoding, within its bound; whatever is not has a code of its own.
func FuzzParse(f *testing.F) {
	_, story := everyKind(f)
	for _, stmt := range story {
		f.Add(stmt.Raw)
	}
	list, err := vectors.Load("roster")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, field := range v.Fields {
			if b, err := field.Bytes(); err == nil && field.Name == "statement" && len(b) < 8<<10 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		stmt, err := roster.Parse(raw)
		if err != nil {
			if code := wire.CodeOf(err); code == wire.CodeInternal || !code.Known() {
				t.Fatalf("refused with %q: %v", code, err)
			}
			return
		}
		if !bytes.Equal(remade(stmt), raw) {
			t.Fatalf("%s is read from\n%x, and written as\n%x", stmt.Kind, raw, remade(stmt))
		}
	})
}

// FuzzApply: a statement that nobody signed never lands, and one that is refused changes nothing.
func FuzzApply(f *testing.F) {
	_, story := everyKind(f)
	for n, stmt := range story {
		f.Add(stmt.Raw, n)
	}
	f.Fuzz(func(t *testing.T, raw []byte, told int) {
		w, state := newWorld(t), roster.New()
		for _, stmt := range story[:max(0, min(told, len(story)))] {
			if bytes.Equal(stmt.Raw, raw) {
				return // told already
			}
			if err := state.Apply(stmt, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		genuine := false
		for _, stmt := range story {
			genuine = genuine || bytes.Equal(stmt.Raw, raw)
		}
		before := w.exact(state)
		stmt, err := state.Follow(raw)
		switch {
		case err == nil && !genuine && stmt.Kind != roster.KindGenesis:
			t.Fatalf("a %s that nobody signed landed", stmt.Kind)
		case err != nil && w.exact(state) != before:
			t.Fatal("a refused statement changed something")
		}
	})
}
