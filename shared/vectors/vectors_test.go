package vectors

import (
	"io/fs"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// Every file reads, reads back as it is written, and expects a code that exists; one that is refused promises nothing.
func TestFiles(t *testing.T) {
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		v, err := Parse(strings.TrimSuffix(name, ".txt"), string(text))
		if err != nil {
			return err
		}
		if v.Expect != OK && !wire.Code(v.Expect).Known() {
			t.Errorf("%s: no code is called %q", name, v.Expect)
		}
		for _, f := range v.Fields {
			if f.Out && v.Expect != OK {
				t.Errorf("%s: %s cannot come out of what is refused", name, f.Name)
			}
			if _, err := f.Number(); err == nil {
				continue
			}
			if _, err := f.Bytes(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ value, bytes string }{
		{"-", ""},
		{"00ff", "\x00\xff"},
		{"00*3 ff", "\x00\x00\x00\xff"},
		{`"a b\u00e9"`, "a bé"},
		{`"{" " "*2 "}"`, "{  }"},
	} {
		b, err := Field{Value: c.value}.Bytes()
		if err != nil || string(b) != c.bytes {
			t.Errorf("%s reads as %q (%v)", c.value, b, err)
		}
	}
	for _, value := range []string{"", "0", "0g", "FF", "00*0", "00*x", `"a`, `"a"b*`, "* 00"} {
		if b, err := (Field{Value: value}).Bytes(); err == nil {
			t.Errorf("%q reads as %q", value, b)
		}
	}
	long := strings.Repeat("\x01", 100) + "abc" + strings.Repeat("\x02", 70)
	for _, b := range []string{"", "a", long, strings.Repeat("xyz", 100)} {
		if back, err := (Field{Value: strings.ReplaceAll(Hex([]byte(b)), "\n", " ")}).Bytes(); err != nil || string(back) != b {
			t.Errorf("%q comes back as %q (%v)", b, back, err)
		}
	}
	for _, text := range []string{"", "a", "\"\\\n\u2028\u00e9\U0001f4a1"} {
		if back, err := (Field{Value: Text(text)}).Bytes(); err != nil || string(back) != text {
			t.Errorf("%q comes back as %q (%v)", text, back, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const good = "comment: c\nrule: 1\ndo: d\nexpect: ok\n\na: 00\n  01\nb = 2\n"
	v, err := Parse("x", good)
	if err != nil {
		t.Fatal(err)
	}
	if v.Fields[0].Value != "00 01" || v.Fields[0].Out || !v.Fields[1].Out {
		t.Errorf("the fields are %v", v.Fields)
	}
	for _, bad := range []string{
		"", "comment: c\n", strings.Replace(good, "rule", "rules", 1), strings.Replace(good, "do: d\n", "", 1),
		strings.Replace(good, "b =", "b", 1), strings.Replace(good, "b =", "a =", 1), strings.TrimSuffix(good, "\n"),
		strings.Replace(good, "\n\n", "\nmore: m\n\n", 1),
	} {
		if _, err := Parse("x", bad); err == nil {
			t.Errorf("this was read: %q", bad)
		}
	}
}
