package mesh

import (
	"bytes"
	"container/heap"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// maxTrims is how many streams one tick trims; the rest waits for the next.
const maxTrims = 64

// takes is what entries take in a store, in bytes.
func takes(entries []NewEntry) (size uint64) {
	for i := range entries {
		size += uint64(EntryOverhead + len(entries[i].Envelope))
	}
	return size
}

// hasQuota refuses a send for which there is no room. Nothing is dropped to make room for it: only Retention drops, and what it
// keeps was promised to be kept.
func (c *Core) hasQuota(m *member, size uint64) error {
	if c.config.MemberBytes > 0 && m.stored+size > c.config.MemberBytes {
		return wire.Errorf(wire.CodeQuota, "The relay keeps as much of what this member sent as it may. There is room again when older messages are dropped.")
	}
	if c.config.MeshBytes > 0 && c.stored+size > c.config.MeshBytes {
		return wire.Refuse(wire.CodeQuota)
	}
	return nil
}

// unstore takes back what was counted for a device. Another relay on the same store may have trimmed what this one counts too.
func (c *Core) unstore(d *device, size uint64) {
	m := c.member(d.member)
	m.stored -= min(size, m.stored)
	d.stored -= min(size, d.stored)
	c.stored -= min(size, c.stored)
}

func (c *Core) restoreStream(head StreamHead) {
	s := c.stream(head.Stream)
	s.head = head.Position
	if head.Stream.Kind == wire.StreamRoster {
		return
	}
	s.stored, s.oldest = head.Kept, head.Oldest
	c.stored += head.Kept.Bytes
	c.age(s)
	c.weigh(s)
}

// grew counts an entry that is durable.
func (c *Core) grew(s *stream, time uint64, size int) {
	s.stored.Count++
	s.stored.Bytes += uint64(EntryOverhead + size)
	if s.oldest == 0 {
		s.oldest = max(time, 1)
		c.age(s)
	}
	c.weigh(s)
}

// age puts a stream among those that a tick looks at when something of it is too old.
func (c *Core) age(s *stream) {
	if c.config.Keep.Age <= 0 || s.oldest == 0 || s.ages != 0 {
		return
	}
	s.ages = s.oldest
	heap.Push(&c.aging, s)
	c.due(c.tooOld(c.aging[0]))
}

// tooOld is when the first of a stream is older than what is kept.
func (c *Core) tooOld(s *stream) time.Time {
	return time.UnixMilli(int64(s.ages) + 1).Add(c.config.Keep.Age)
}

// weigh has the next tick trim a stream that holds more than is to be kept.
func (c *Core) weigh(s *stream) {
	keep := &c.config.Keep
	if s.over || (keep.Count == 0 || s.stored.Count <= keep.Count) && (keep.Bytes == 0 || s.stored.Bytes <= keep.Bytes) {
		return
	}
	s.over = true
	c.surplus = append(c.surplus, s)
	c.due(c.swept)
}

// retain trims what is too old and what is too much. When the first of a stream turns out to be younger than was thought, as
// after a trim, the stream waits again.
func (c *Core) retain(now time.Time) {
	left := maxTrims
	for len(c.aging) > 0 {
		s := c.aging[0]
		if ends := c.tooOld(s); left == 0 || now.Before(ends) {
			c.due(ends)
			break
		}
		heap.Pop(&c.aging)
		younger := s.oldest > s.ages
		if s.ages = 0; younger {
			c.age(s)
		} else if s.oldest != 0 {
			c.trim(now, s)
			left--
		}
	}
	for left > 0 && len(c.surplus) > 0 {
		s := c.surplus[0]
		c.surplus = slices.Delete(c.surplus, 0, 1)
		if s.over = false; !s.trimming {
			c.trim(now, s)
			left--
		}
	}
	if len(c.surplus) > 0 {
		c.due(now)
	}
}

func (c *Core) trim(now time.Time, s *stream) {
	op := &Trim{Stream: s.name, Keep: Amount{c.config.Keep.Count, c.config.Keep.Bytes}, Time: milliseconds(now)}
	if c.config.Keep.Age > 0 {
		op.Before = milliseconds(now.Add(-c.config.Keep.Age))
	}
	s.trimming = true
	c.whenDone(c.batch.add(op), func(_ time.Time, verdict *Verdict) { c.trimmed(s, verdict.Trimmed) })
}

// trimmed counts what went. Who still waits to hear that it was delivered will not: a cursor that passes it later does so
// because of the gap.
func (c *Core) trimmed(s *stream, gone *Trimmed) {
	s.trimming = false
	c.nodes.acted = true
	s.stored.Count -= min(gone.Amount.Count, s.stored.Count)
	s.stored.Bytes -= min(gone.Amount.Bytes, s.stored.Bytes)
	s.oldest = gone.Oldest
	for _, freed := range gone.Freed {
		c.unstore(c.device(freed.Device), freed.Bytes)
	}
	c.unwatchUpTo(s, gone.To)
	c.age(s)
	if gone.More && !s.over {
		s.over = true
		c.surplus = append(c.surplus, s)
		c.due(c.swept)
	}
}

// aging is a heap of streams by ages, and by name where that is the same.
type aging []*stream

func (a aging) Len() int      { return len(a) }
func (a aging) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *aging) Push(s any)   { *a = append(*a, s.(*stream)) }

func (a aging) Less(i, j int) bool {
	if a[i].ages != a[j].ages {
		return a[i].ages < a[j].ages
	}
	if a[i].name.Kind != a[j].name.Kind {
		return a[i].name.Kind < a[j].name.Kind
	}
	return bytes.Compare(a[i].name.ID[:], a[j].name.ID[:]) < 0
}

func (a *aging) Pop() any {
	last := len(*a) - 1
	s := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return s
}
