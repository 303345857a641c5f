package edit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
	"pgregory.net/rapid"
)

const block = "[servers.mesh]\ncommand = \"m\"\nargs = [\"mcp\"]\n"

func TestSetTable(t *testing.T) {
	for before, after := range map[string]string{
		"":      block,
		"a = 1": "a = 1\n\n" + block,
		"# top\na = \"\"\"\n[servers.mesh]\n\"\"\"\n": "# top\na = \"\"\"\n[servers.mesh]\n\"\"\"\n\n" + block,
		"[servers.mesh] # old\ncommand = \"x\" # c\nlist = [\n  1,\n]\n\n# about b\n[servers.b]\nc = 1\n\n[servers.mesh.env]\nK = \"v\"\n": block + "\n# about b\n[servers.b]\nc = 1\n\n",
		"[servers]\nother = { a = 1 }\n":             "[servers]\nother = { a = 1 }\n\n" + block,
		"a = 1\r\n[servers . \"mesh\"]\r\nb = 2\r\n": "a = 1\r\n" + strings.ReplaceAll(block, "\n", "\r\n"),
		"servers.other.a = 1\n":                      "servers.other.a = 1\n\n" + block,
	} {
		d, err := edit.ParseTOML([]byte(before))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.SetTable(block, "servers", "mesh"); err != nil {
			t.Errorf("%q: %v", before, err)
		}
		if got := string(d.Bytes()); got != after {
			t.Errorf("%q became\n%q, want\n%q", before, got, after)
		}
		if d.Get("servers", "mesh", "command") != "m" {
			t.Errorf("%q: the command is %v", before, d.Get("servers", "mesh", "command"))
		}
	}
}

// Forms in which the table has no lines of its own are refused, with the line.
func TestTableRefused(t *testing.T) {
	for text, line := range map[string]int{
		"a = 1\nservers = { other = { a = 1 } }\n":    2,
		"[servers]\nmesh = { command = \"x\" }\n":     2,
		"[servers]\n\nmesh.command = \"x\"\n":         3,
		"[[servers.mesh]]\na = 1\n":                   1,
		"[a]\nb = 1\n[[servers]]\nmesh = { a = 1 }\n": 4,
	} {
		d, err := edit.ParseTOML([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		err = d.SetTable(block, "servers", "mesh")
		var bad *edit.SyntaxError
		if !errors.As(err, &bad) || bad.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
		if string(d.Bytes()) != text {
			t.Errorf("%q was changed: %q", text, d.Bytes())
		}
	}
	for text, line := range map[string]int{"a = \n": 1, "a = 1\na = 2\n": 2, "[x\n": 1} {
		_, err := edit.ParseTOML([]byte(text))
		var bad *edit.SyntaxError
		if !errors.As(err, &bad) || bad.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
}

// Setting and removing a table gives the same bytes back, whatever else is there.
func TestSetRemoveTable(t *testing.T) {
	line := rapid.SampledFrom([]string{
		"", "# comment", "[other]", "[a.b]  # here", "[[list]]", "x = [\n  1, # [servers.mesh]\n]", "y = '''\n[servers.mesh]\n'''", "z.w = { q = \"#\" }", "[servers]", "[servers.meshes]",
	})
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfNDistinct(line, 0, 10, rapid.ID).Draw(rt, "lines")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "line end")
		before := strings.ReplaceAll(strings.Join(append(lines, ""), "\n"), "\n", end)
		d, err := edit.ParseTOML([]byte(before))
		if err != nil {
			rt.Skip("no TOML")
		}
		if err := d.SetTable(block, "servers", "mesh"); err != nil {
			rt.Fatal(err)
		}
		once := string(d.Bytes())
		if err := d.SetTable(block, "servers", "mesh"); err != nil || string(d.Bytes()) != once {
			rt.Fatalf("a second time it became %q, not %q (%v)", d.Bytes(), once, err)
		}
		if !strings.HasPrefix(once, before) {
			rt.Fatalf("%q became %q", before, once)
		}
		if err := d.RemoveTable("servers", "mesh"); err != nil || string(d.Bytes()) != before {
			rt.Fatalf("%q came back as %q (%v)", before, d.Bytes(), err)
		}
	})
}

func TestTOMLString(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		d, err := edit.ParseTOML([]byte(fmt.Sprintf("a = %s\n", edit.TOMLString(text))))
		if err != nil || d.Get("a") != text {
			rt.Fatalf("%q is read as %q (%v)", text, d.Get("a"), err)
		}
	})
}

func FuzzTOML(f *testing.F) {
	for _, seed := range []string{"", "a = 1", block, "[servers]\nmesh={}\n", "[servers.mesh]\n[servers.mesh.env]\na=1\n[z]\n", "\"\" = 1\n[\"a.b\"]\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := edit.ParseTOML([]byte(text))
		if err != nil || d.SetTable(block, "servers", "mesh") != nil {
			return
		}
		again, err := edit.ParseTOML(d.Bytes())
		if err != nil || again.Get("servers", "mesh", "command") != "m" {
			t.Fatalf("%q became %q (%v)", text, d.Bytes(), err)
		}
		if err := again.RemoveTable("servers", "mesh"); err != nil || again.Get("servers", "mesh") != nil {
			t.Fatalf("%q keeps the table (%v)", again.Bytes(), err)
		}
	})
}
