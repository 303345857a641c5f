//go:build !js

package wire_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// declared are the codes in the order in which codes.go declares them.
func declared(t *testing.T) []wire.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []wire.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok {
			text, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, wire.Code(text))
		}
		return true
	})
	return codes
}

// Section 12 of the protocol is this table and nothing else.
func TestSection12ListsTheCodes(t *testing.T) {
	want := []string{"| code | HTTP | retry | sentence |", "| --- | --: | --- | --- |"}
	for _, code := range declared(t) {
		if !code.Known() {
			t.Errorf("%s is declared and not in the table", code)
		}
		info, retry := code.Info(), "no"
		if info.Retry {
			retry = "yes"
		}
		want = append(want, fmt.Sprintf("| `%s` | %d | %s | %s |", code, info.Status, retry, info.Sentence))
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "PROTOCOL.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## 12. Codes\n")
	if !ok {
		t.Fatal("there is no section 12")
	}
	var got []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("too many: %s", got[i])
		case got[i] != want[i]:
			t.Errorf("line %d is\n%s\nand should be\n%s", i+1, got[i], want[i])
		}
	}
}
