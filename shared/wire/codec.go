package wire

import "encoding/binary"

// AppendU16 appends v, big-endian.
func AppendU16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }

// AppendU32 appends v, big-endian.
func AppendU32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// AppendU64 appends v, big-endian.
func AppendU64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// AppendBytes16 appends x behind its u16 length; x must be shorter than 64 KiB.
func AppendBytes16(b, x []byte) []byte { return append(AppendU16(b, uint16(len(x))), x...) }

// AppendBytes32 appends x behind its u32 length.
func AppendBytes32(b, x []byte) []byte { return append(AppendU32(b, uint32(len(x))), x...) }

// Reader takes fields from the front of a buffer. The first short read makes it fail; every later read gives zero, and
// Done tells. Slices it returns alias the buffer. It allocates nothing.
type Reader struct {
	rest   []byte
	failed bool
}

// NewReader reads from b.
func NewReader(b []byte) Reader { return Reader{rest: b} }

// Take gives the next n bytes, or nil after a failure.
func (r *Reader) Take(n int) []byte {
	if r.failed || n < 0 || n > len(r.rest) {
		r.failed = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

// Fill copies the next len(dst) bytes to dst.
func (r *Reader) Fill(dst []byte) { copy(dst, r.Take(len(dst))) }

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes, big-endian.
func (r *Reader) U16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes, big-endian.
func (r *Reader) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes, big-endian.
func (r *Reader) U64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Bytes16 reads a u16 length of at most limit and then as many bytes.
func (r *Reader) Bytes16(limit int) []byte { return r.bounded(int(r.U16()), limit) }

// Bytes32 reads a u32 length of at most limit and then as many bytes.
func (r *Reader) Bytes32(limit int) []byte { return r.bounded(int(r.U32()), limit) }

func (r *Reader) bounded(n, limit int) []byte {
	if n > limit {
		r.failed = true
		return nil
	}
	return r.Take(n)
}

// Left is the number of bytes not read yet.
func (r *Reader) Left() int { return len(r.rest) }

// Failed reports whether a read ran over the end or a bound.
func (r *Reader) Failed() bool { return r.failed }

// Fail makes the reader fail, for a value that its reader refuses.
func (r *Reader) Fail() { r.failed = true }

// Done is nil when all was read and nothing failed, and else CodeMalformed, naming what was read.
func (r *Reader) Done(what string) error {
	if r.failed {
		return Errorf(CodeMalformed, "%s is cut short or over a bound", what)
	}
	if len(r.rest) != 0 {
		return Errorf(CodeMalformed, "%s has %d bytes too many", what, len(r.rest))
	}
	return nil
}
