package store

import (
	"bytes"
	"errors"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// FuzzChunk: whatever stands in a chunk's row, its entries are those that were written there, in their places, or it is damaged.
// A page never has an entry that does not follow.
func FuzzChunk(f *testing.F) {
	one := appendEntry(nil, 1, wire.DeviceID{1}, []byte("one"))
	two := appendEntry(one, 2, wire.DeviceID{2}, nil)
	f.Add(uint64(1), uint64(1), uint64(0), 1, uint64(0), one)
	f.Add(uint64(5), uint64(6), uint64(3), 2, uint64(4), two)
	f.Add(uint64(5), uint64(6), uint64(3), 2, uint64(5), two)
	f.Add(uint64(1), uint64(2), uint64(0), 2, uint64(0), two[:len(two)-1])
	f.Add(^uint64(0), ^uint64(0), uint64(0), 1, uint64(0), one)
	f.Add(^uint64(0), uint64(0), uint64(0), 2, uint64(0), two)
	f.Add(uint64(1), uint64(1)<<40, uint64(0), 1<<40, uint64(0), one)
	f.Fuzz(func(t *testing.T, first, last, previous uint64, count int, after uint64, data []byte) {
		chunk := Chunk{First: wire.Position(first), Last: wire.Position(last), Previous: wire.Position(previous), Count: count, Data: data}
		// The checksum keeps damage out; what stands here comes from somebody who can write one.
		if err := chunk.Seal(); err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		var again []byte
		position, before := chunk.First, chunk.Previous
		err := chunk.Entries(func(e mesh.Entry) {
			if e.Position != position || e.Previous != before {
				t.Errorf("an entry at %d behind %d, want %d behind %d", e.Position, e.Previous, position, before)
			}
			position, before = position+1, position
			again = appendEntry(again, e.Time, e.Sender, e.Bytes)
		})
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
		} else if !bytes.Equal(again, data) || position != chunk.Last+1 {
			t.Errorf("%d entries up to %d are %x and not %x", count, position-1, again, data)
		}
		builder := NewPage(wire.Position(after), 1<<20)
		_, pageErr := builder.Add(chunk)
		if (err == nil) != (pageErr == nil) {
			t.Errorf("a page of it: %v, and its entries: %v", pageErr, err)
		}
		for _, e := range builder.page.Entries {
			if e.Position <= wire.Position(after) {
				t.Errorf("a page after %d has an entry at %d", after, e.Position)
			}
		}
	})
}
