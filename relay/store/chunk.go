package store

import (
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// MaxChunk bounds in bytes what one chunk holds; an entry that is larger has a chunk of its own.
const MaxChunk = 256 << 10

// Chunk is what one commit appended to one stream, or a part of it: entries at positions First, First+1 … Last, following
// Previous. Data is one after another `time u64 ‖ sender 32 ‖ bytes32(entry)`.
type Chunk struct {
	Stream                int64
	First, Last, Previous wire.Position
	Count                 int
	Data                  []byte
}

// EntryOverhead is how many bytes an entry takes in a chunk beside its own.
const EntryOverhead = 8 + wire.IDSize + 4

func appendEntry(b []byte, time uint64, sender wire.DeviceID, entry []byte) []byte {
	b = wire.AppendU64(b, time)
	b = append(b, sender[:]...)
	return wire.AppendBytes32(b, entry)
}

// senderAt is who sent the entry at a position of the chunk.
func (c *Chunk) senderAt(at wire.Position) (sender wire.DeviceID, err error) {
	r := wire.NewReader(c.Data)
	for position := c.First; position <= at; position++ {
		r.U64()
		r.Fill(sender[:])
		r.Bytes32(wire.MaxFrame)
	}
	if r.Failed() {
		return sender, wire.Errorf(wire.CodeInternal, "chunk %d of stream %d is damaged", c.First, c.Stream)
	}
	return sender, nil
}

// PageBuilder makes a page from the chunks of a stream that end behind a position, in order.
type PageBuilder struct {
	page  mesh.Page
	after wire.Position
	left  int
}

// NewPage begins a page of about maxBytes that follows after.
func NewPage(after wire.Position, maxBytes int) *PageBuilder {
	return &PageBuilder{after: after, left: max(maxBytes, 1)}
}

// Add takes the next chunk, whose Data it keeps, and reports whether there is room for another.
func (p *PageBuilder) Add(chunk Chunk) (more bool, err error) {
	last := p.page.Last(p.after)
	if chunk.Previous > last {
		if len(p.page.Entries) > 0 { // a hole in the middle: it opens the next page
			p.page.More = true
			return false, nil
		}
		p.page.Gap = &mesh.Gap{After: p.after, To: chunk.Previous}
	}
	r := wire.NewReader(chunk.Data)
	previous := chunk.Previous
	for position := chunk.First; position <= chunk.Last; position++ {
		e := mesh.Entry{Position: position, Previous: previous, Time: r.U64()}
		r.Fill(e.Sender[:])
		e.Bytes = r.Bytes32(wire.MaxFrame)
		previous = position
		if r.Failed() {
			break
		}
		if position <= p.after {
			continue
		}
		if p.left <= 0 {
			p.page.More = true
			return false, nil
		}
		p.page.Entries = append(p.page.Entries, e)
		p.left -= len(e.Bytes)
	}
	if err := r.Done("a stored chunk"); err != nil {
		return false, wire.Errorf(wire.CodeInternal, "chunk %d of stream %d is damaged: %v", chunk.First, chunk.Stream, err)
	}
	return p.left > 0, nil
}

// Page ends the page. head is that of the stream, read in the same transaction.
func (p *PageBuilder) Page(head wire.Position) mesh.Page {
	last := p.page.Last(p.after)
	if len(p.page.Entries) == 0 && last < head { // nothing is left below the head
		p.page.Gap = &mesh.Gap{After: p.after, To: head}
		last = head
	}
	p.page.More = last < head
	return p.page
}
