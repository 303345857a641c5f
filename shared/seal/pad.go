package seal

import (
	"encoding/binary"
	"math/bits"

	"claudemesh.com/mesh/shared/wire"
)

const (
	padPrefix  = 4  // the length
	padMinimum = 64 // no padded text is shorter
)

// PaddedSize is the size in bytes of pad(x) for an x of n bytes: Padmé over the length prefix and x, at least 64. It leaks
// O(log log n) bits of the size and adds at most 12 %.
func PaddedSize(n int) int {
	size := uint64(max(padMinimum, padPrefix+n))
	e := bits.Len64(size) - 1
	last := e - bits.Len(uint(e)) // e − s: how many bits are rounded up to zero
	mask := uint64(1)<<last - 1
	return int((size + mask) &^ mask)
}

// Pad is pad(x) of section 1: u32 length ‖ x ‖ zeros.
func Pad(x []byte) []byte {
	padded := make([]byte, PaddedSize(len(x)))
	binary.BigEndian.PutUint32(padded, uint32(len(x)))
	copy(padded[padPrefix:], x)
	return padded
}

// Unpad gives x back, aliasing padded. A length that does not fit, filling that is not zero and a size that Pad would not have
// given are wire.CodeBadBody.
func Unpad(padded []byte) ([]byte, error) {
	if len(padded) < padPrefix {
		return nil, errPadding
	}
	length := binary.BigEndian.Uint32(padded)
	if uint64(length) > uint64(len(padded)-padPrefix) || PaddedSize(int(length)) != len(padded) {
		return nil, errPadding
	}
	end := padPrefix + int(length)
	var filling byte
	for _, b := range padded[end:] {
		filling |= b
	}
	if filling != 0 {
		return nil, errPadding
	}
	return padded[padPrefix:end:end], nil
}

var errPadding = wire.Errorf(wire.CodeBadBody, "what was sealed here is not padded as the protocol says")
