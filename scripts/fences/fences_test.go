package fences

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A platform is what a part of the module is built for.
type platform struct {
	goos, goarch string
	patterns     []string
}

var platforms = []platform{
	{runtime.GOOS, runtime.GOARCH, []string{"./..."}},
	{"js", "wasm", []string{"./shared/...", "./wasm/..."}},
}

// violations holds a fence against one platform's packages of a module.
func (f fence) violations(g graph) ([]string, error) {
	var found []string
	for path, p := range g {
		name, ok := own(path)
		if !ok || !matches(f.from, name) || matches(f.except, name) {
			continue
		}
		if p.Dir == "" {
			continue // imported, but not there: the compiler says so
		}
		bad := f.imports(name, p)
		if chain := g.route(p, f.mayNotReach); chain != nil {
			bad = append(bad, "reaches "+strings.Join(chain, " → "))
		}
		if f.pure || f.once != "" {
			code, err := parse(p.Dir)
			if err != nil {
				return nil, err
			}
			if f.pure {
				bad = append(bad, code.impure()...)
			}
			if places := code.importing(f.once); len(places) > 1 {
				bad = append(bad, fmt.Sprintf("imports %s in %d files: %s", f.once, len(places), strings.Join(places, ", ")))
			}
		}
		for _, what := range bad {
			found = append(found, name+" "+what)
		}
	}
	slices.Sort(found)
	return found, nil
}

func (f fence) imports(name string, p *pkg) []string {
	var bad []string
	for _, path := range p.Imports {
		if slices.Contains(f.never, path) {
			bad = append(bad, "imports "+path)
		}
		if part, ok := own(path); ok && f.only != nil && !matches(f.only, part) {
			bad = append(bad, "imports "+path)
		}
	}
	return bad
}

func (f fence) mayNotReach(path string) bool {
	return slices.Contains(f.reach, path) || slices.Contains(f.reach, strings.TrimPrefix(path, module+"/"))
}

// broken returns the violations of the module in root, by the fence's place in the table.
func broken(t *testing.T, root string) map[int][]string {
	t.Helper()
	all := map[int][]string{}
	for _, on := range platforms {
		g, err := load(root, on.goos, on.goarch, on.patterns...)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range table {
			found, err := f.violations(g)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) > 0 {
				all[i] = append(all[i], found...)
			}
		}
	}
	return all
}

func TestFences(t *testing.T) {
	for i, found := range broken(t, "../..") {
		for _, violation := range found {
			t.Errorf("%s\n\tbut %s", violation, table[i].reason)
		}
	}
}

// A fence around a package that was renamed would hold nothing.
func TestFencesNamePackages(t *testing.T) {
	var names []string
	for _, on := range platforms {
		g, err := load("../..", on.goos, on.goarch, on.patterns...)
		if err != nil {
			t.Fatal(err)
		}
		for path, p := range g {
			if name, ok := own(path); ok && p.Dir != "" {
				names = append(names, name)
			}
		}
	}
	for _, f := range table {
		patterns := slices.Concat(f.from, f.only)
		for _, path := range f.never {
			if name, ok := own(path); ok {
				patterns = append(patterns, name)
			}
		}
		for _, path := range f.reach {
			if strings.HasPrefix(path, "shared/") {
				patterns = append(patterns, path)
			}
		}
		for _, pattern := range patterns {
			fits := func(name string) bool { return matches([]string{pattern}, name) }
			if !slices.ContainsFunc(names, fits) {
				t.Errorf("no package fits %s of the fence %q", pattern, f.reason)
			}
		}
	}
}
