package vectors

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// Run runs every vector of a folder, each as a test of its own. An operation takes its fields from the case, returns the
// refusal where there is one, and hands what came out to the case. A field that the operation never asked for, an
// operation that is missing, and one that no vector uses fail the test.
func Run(t *testing.T, folder string, operations map[string]func(c *Case) error) {
	t.Helper()
	list, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatalf("no vectors are in %s", folder)
	}
	used := map[string]bool{}
	for _, v := range list {
		used[v.Do] = true
		t.Run(v.Name, func(t *testing.T) {
			operation, ok := operations[v.Do]
			if !ok {
				t.Fatalf("there is no operation %q", v.Do)
			}
			c := &Case{T: t, Vector: v, asked: map[string]bool{}}
			c.finish(operation(c))
		})
	}
	for name := range operations {
		if !used[name] {
			t.Errorf("no vector in %s is for the operation %q", folder, name)
		}
	}
}

// Case is a vector that runs.
type Case struct {
	*testing.T
	Vector Vector
	asked  map[string]bool
}

func (c *Case) finish(err error) {
	c.Helper()
	if c.Vector.Expect != OK {
		if code := wire.CodeOf(err); string(code) != c.Vector.Expect {
			c.Fatalf("%s: refused with %q (%v), expected %q", c.Vector.Comment, code, err, c.Vector.Expect)
		}
		return
	}
	if err != nil {
		c.Fatalf("%s: %v", c.Vector.Comment, err)
	}
	for _, f := range c.Vector.Fields {
		if !c.asked[f.Name] {
			c.Errorf("the field %s was not looked at", f.Name)
		}
	}
}

// Has reports whether the vector gives a field.
func (c *Case) Has(name string) bool {
	_, ok := c.field(name)
	return ok
}

// Bytes is a field's bytes; a field that is missing or cannot be read ends the test.
func (c *Case) Bytes(name string) []byte {
	c.Helper()
	b, err := c.need(name).Bytes()
	if err != nil {
		c.Fatal(err)
	}
	return b
}

// Text is a field's bytes as a text.
func (c *Case) Text(name string) string {
	c.Helper()
	return string(c.Bytes(name))
}

// Number is a field's decimal number.
func (c *Case) Number(name string) uint64 {
	c.Helper()
	n, err := c.need(name).Number()
	if err != nil {
		c.Fatal(err)
	}
	return n
}

// Key is a field of 32 bytes. Ids and keys convert from it.
func (c *Case) Key(name string) [32]byte {
	c.Helper()
	return [32]byte(c.exactly(name, 32))
}

// Nonce is a field of 24 bytes.
func (c *Case) Nonce(name string) [wire.NonceSize]byte {
	c.Helper()
	return [wire.NonceSize]byte(c.exactly(name, wire.NonceSize))
}

// ShortID is a field of 16 bytes.
func (c *Case) ShortID(name string) [wire.ShortIDSize]byte {
	c.Helper()
	return [wire.ShortIDSize]byte(c.exactly(name, wire.ShortIDSize))
}

func (c *Case) exactly(name string, size int) []byte {
	c.Helper()
	b := c.Bytes(name)
	if len(b) != size {
		c.Fatalf("%s has %d bytes, not %d", name, len(b), size)
	}
	return b
}

// Want compares what came out with a field.
func (c *Case) Want(name string, got []byte) {
	c.Helper()
	if want := c.Bytes(name); !bytes.Equal(got, want) {
		c.Errorf("%s is\n%x, not\n%x", name, got, want)
	}
}

// WantText compares a text that came out with a field.
func (c *Case) WantText(name, got string) {
	c.Helper()
	if want := c.Text(name); got != want {
		c.Errorf("%s is %q, not %q", name, got, want)
	}
}

// WantNumber compares a number that came out with a field.
func (c *Case) WantNumber(name string, got uint64) {
	c.Helper()
	if want := c.Number(name); got != want {
		c.Errorf("%s is %d, not %d", name, got, want)
	}
}

func (c *Case) need(name string) Field {
	c.Helper()
	f, ok := c.field(name)
	if !ok {
		c.Fatalf("the vector has no field %s", name)
	}
	return f
}

func (c *Case) field(name string) (Field, bool) {
	for _, f := range c.Vector.Fields {
		if f.Name == name {
			c.asked[name] = true
			return f, true
		}
	}
	return Field{}, false
}
