package fences

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const module = "claudemesh.com/mesh"

// A pkg is what `go list` says of a package for one platform.
type pkg struct {
	ImportPath   string
	ForTest      string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// A graph maps import paths to packages. It holds our own packages and all that
// they or their tests need.
type graph map[string]*pkg

// load lists the packages of the module in dir. Imports that cannot be resolved
// stay in the graph as names.
func load(dir, goos, goarch string, patterns ...string) (graph, error) {
	args := []string{"list", "-e", "-deps", "-test", "-json=ImportPath,ForTest,Dir,Imports,TestImports,XTestImports"}
	cmd := exec.Command("go", append(args, patterns...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list for %s/%s: %w\n%s", goos, goarch, err, stderr.Bytes())
	}
	g := graph{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list for %s/%s: %w", goos, goarch, err)
		}
		// The test variants of a package repeat what TestImports and XTestImports say.
		if p.ForTest == "" && !strings.HasSuffix(p.ImportPath, ".test") {
			g[p.ImportPath] = p
		}
	}
}

// own returns the module-relative path of one of our packages.
func own(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// matches reports whether a module-relative path fits one of the patterns.
func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, tree := strings.CutSuffix(pattern, "/...")
		return path == root || tree && strings.HasPrefix(path, root+"/")
	})
}

// route returns the shortest chain of imports that leads from a package, its tests
// included, to one that is wanted; or nil.
func (g graph) route(from *pkg, wanted func(importPath string) bool) []string {
	before := map[string]string{}
	queue := []string{}
	visit := func(imports []string, importer string) {
		for _, path := range imports {
			if _, seen := before[path]; !seen && path != from.ImportPath {
				before[path] = importer
				queue = append(queue, path)
			}
		}
	}
	visit(from.Imports, from.ImportPath)
	visit(from.TestImports, from.ImportPath+" (test)")
	visit(from.XTestImports, from.ImportPath+" (test)")
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if wanted(path) {
			chain := []string{path}
			for step, ok := before[path]; ok; step, ok = before[step] {
				chain = append(chain, step)
			}
			slices.Reverse(chain)
			return chain
		}
		if p := g[path]; p != nil {
			visit(p.Imports, path)
		}
	}
	return nil
}
