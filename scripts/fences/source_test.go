package fences

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What reads the clock or waits for it.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// A source is the code of one folder for every platform, without its tests.
type source struct {
	fset  *token.FileSet
	files []*ast.File
}

func parse(dir string) (source, error) {
	s := source{fset: token.NewFileSet()}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return s, err
		}
		s.files = append(s.files, file)
	}
	return s, nil
}

// importing returns the places at which a path is imported.
func (s source) importing(path string) []string {
	var places []string
	for _, file := range s.files {
		for _, spec := range file.Imports {
			if importPath(spec) == path {
				places = append(places, s.place(spec))
			}
		}
	}
	return places
}

func (s source) place(node ast.Node) string {
	at := s.fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)
}

// impure returns the uses of the clock and the go statements, as sentences.
func (s source) impure() []string {
	var found []string
	for _, file := range s.files {
		name := localName(file, "time")
		if name == "." {
			found = append(found, s.place(file.Name)+`: imports time as ".", which hides uses of the clock`)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				found = append(found, s.place(node)+": starts a goroutine")
			case *ast.SelectorExpr:
				x, ok := node.X.(*ast.Ident)
				if ok && name != "" && x.Name == name && slices.Contains(clock, node.Sel.Name) {
					found = append(found, s.place(node)+": uses time."+node.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}

// localName is the name under which a file uses an import, or "".
func localName(file *ast.File, path string) string {
	for _, spec := range file.Imports {
		if importPath(spec) != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

func importPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path
}
