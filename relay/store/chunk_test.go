package store

import (
	"errors"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// TestDamagedChunk: what does not parse is never shown as an entry, and never as the end of a stream.
func TestDamagedChunk(t *testing.T) {
	data := appendEntry(appendEntry(nil, 1, wire.DeviceID{1}, []byte("one")), 2, wire.DeviceID{2}, []byte("two"))
	whole := Chunk{First: 1, Last: 2, Count: 2, Data: data}
	if err := whole.Seal(); err != nil || whole.Time != 2 {
		t.Fatalf("Seal: %v, and the time is %d", err, whole.Time)
	}
	if _, err := NewPage(0, 1000).Add(whole); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Chunk){
		"cut short":            func(c *Chunk) { c.Data = data[:len(data)-1] },
		"with bytes too many":  func(c *Chunk) { c.Data = append(append([]byte(nil), data...), 0) },
		"of fewer entries":     func(c *Chunk) { c.Last = 1 },
		"of more entries":      func(c *Chunk) { c.Last = 3 },
		"empty":                func(c *Chunk) { c.Data = nil },
		"with another byte":    func(c *Chunk) { c.Data = append([]byte(nil), data...); c.Data[len(data)-1] ^= 1 },
		"elsewhere":            func(c *Chunk) { c.First, c.Last = 2, 3 },
		"after something else": func(c *Chunk) { c.Previous = 7 },
	} {
		damaged := whole
		change(&damaged)
		if _, err := NewPage(0, 1000).Add(damaged); wire.CodeOf(err) != wire.CodeUnavailable || !errors.Is(err, ErrDamaged) {
			t.Errorf("a chunk %s: %v, want %s", name, err, wire.CodeUnavailable)
		}
	}
}
