package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

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
	Time                  uint64 // of the last entry
	Checksum              uint32 // Sum, when it was written
	Data                  []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the CRC-32C of everything in a chunk but its stream. It finds what a disk damaged; it is no protection from somebody
// who writes to the database.
func (c *Chunk) Sum() uint32 {
	var head [5 * 8]byte
	for i, field := range [5]uint64{uint64(c.First), uint64(c.Last), uint64(c.Previous), uint64(c.Count), c.Time} {
		binary.BigEndian.PutUint64(head[i*8:], field)
	}
	return crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, c.Data)
}

// ErrDamaged: what a store has is not what was written to it. Whoever asked gets CodeUnavailable.
var ErrDamaged = errors.New("the database is damaged")

// Entries gives the entries in order; their Bytes lie in Data. ErrDamaged: there may be some, and they are of no use.
func (c *Chunk) Entries(take func(mesh.Entry)) error {
	if c.Sum() != c.Checksum || c.Count < 1 || c.Last < c.First || c.Last != c.First+wire.Position(c.Count)-1 || c.Previous >= c.First {
		return c.damaged("its checksum or its positions are not its own")
	}
	return c.parse(take)
}

// Seal sets Time and Checksum of a chunk that a version wrote which had neither. ErrDamaged: it cannot be read.
func (c *Chunk) Seal() error {
	err := c.parse(func(e mesh.Entry) { c.Time = e.Time })
	c.Checksum = c.Sum()
	return err
}

func (c *Chunk) parse(take func(mesh.Entry)) error {
	r := wire.NewReader(c.Data)
	previous := c.Previous
	for position := c.First; position <= c.Last && !r.Failed(); position++ {
		e := mesh.Entry{Position: position, Previous: previous, Time: r.U64()}
		r.Fill(e.Sender[:])
		e.Bytes = r.Bytes32(wire.MaxFrame)
		previous = position
		if !r.Failed() {
			take(e)
		}
	}
	if err := r.Done("a stored chunk"); err != nil {
		return c.damaged(err.Error())
	}
	return nil
}

func (c *Chunk) damaged(why string) error {
	return damagedError{fmt.Sprintf("chunk %d of stream %d is damaged: %s", c.First, c.Stream, why)}
}

// damagedError is ErrDamaged in its own words.
type damagedError struct{ text string }

func (e damagedError) Error() string { return e.text }

func (damagedError) Unwrap() []error { return []error{ErrDamaged, wire.Refuse(wire.CodeUnavailable)} }

func appendEntry(b []byte, time uint64, sender wire.DeviceID, entry []byte) []byte {
	b = wire.AppendU64(b, time)
	b = append(b, sender[:]...)
	return wire.AppendBytes32(b, entry)
}

// senderAt is who sent the entry at a position of the chunk.
func (c *Chunk) senderAt(at wire.Position) (sender wire.DeviceID, err error) {
	err = c.Entries(func(e mesh.Entry) {
		if e.Position == at {
			sender = e.Sender
		}
	})
	return sender, err
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
	err = chunk.Entries(func(e mesh.Entry) {
		switch {
		case e.Position <= p.after:
		case p.left <= 0:
			p.page.More = true
		default:
			p.page.Entries = append(p.page.Entries, e)
			p.left -= len(e.Bytes)
		}
	})
	return p.left > 0, err
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
