package keyring

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// Ring holds the root keys that a device has, by epoch. The zero value is empty and ready. It is not safe for concurrent use.
type Ring struct {
	roots map[uint32]Root
}

// ringVersion opens a ring's bytes; rootSize is what each root takes there.
const (
	ringVersion = 1
	rootSize    = 4 + wire.KeySize
)

// Add keeps the root key of an epoch, if it matches the roster's commitment; else wire.CodeBadCommitment.
func (r *Ring) Add(epoch uint32, root Root, commitment [wire.CommitmentSize]byte) error {
	if err := Check(root, epoch, commitment); err != nil {
		return err
	}
	if r.roots == nil {
		r.roots = map[uint32]Root{}
	}
	r.roots[epoch] = root
	return nil
}

// Check refuses a root key that does not match the roster's commitment for the epoch, with wire.CodeBadCommitment.
func Check(root Root, epoch uint32, commitment [wire.CommitmentSize]byte) error {
	own := Commitment(root, epoch)
	if epoch == 0 || subtle.ConstantTimeCompare(own[:], commitment[:]) != 1 {
		return wire.Refuse(wire.CodeBadCommitment)
	}
	return nil
}

// Root is the root key of an epoch, or false.
func (r *Ring) Root(epoch uint32) (Root, bool) {
	root, ok := r.roots[epoch]
	return root, ok
}

// Epochs are the epochs whose root keys the ring holds, ascending.
func (r *Ring) Epochs() []uint32 {
	epochs := slices.Collect(maps.Keys(r.roots))
	order.By(epochs, cmp.Compare)
	return epochs
}

// Latest is the newest epoch that the ring holds and its root key, or false for an empty ring.
func (r *Ring) Latest() (epoch uint32, root Root, ok bool) {
	for e := range r.roots {
		epoch = max(epoch, e)
	}
	root, ok = r.roots[epoch]
	return epoch, root, ok
}

// Bytes is the ring for a device's own store: version u8 = 1 ‖ for each epoch, ascending: epoch u32 ‖ root key 32. It holds
// the keys themselves.
func (r *Ring) Bytes() []byte {
	b := make([]byte, 0, 1+len(r.roots)*rootSize)
	b = append(b, ringVersion)
	for _, epoch := range r.Epochs() {
		root := r.roots[epoch]
		b = append(wire.AppendU32(b, epoch), root[:]...)
	}
	return b
}

// ParseRing reads what Bytes made; anything else is wire.CodeMalformed.
func ParseRing(b []byte) (Ring, error) {
	reader := wire.NewReader(b)
	if reader.U8() != ringVersion {
		return Ring{}, wire.Errorf(wire.CodeMalformed, "the stored mesh keys are of a version that is not known")
	}
	roots := make(map[uint32]Root, reader.Left()/rootSize)
	var last uint32
	for reader.Left() > 0 && !reader.Failed() {
		epoch := reader.U32()
		if epoch <= last {
			reader.Fail()
		}
		var root Root
		reader.Fill(root[:])
		roots[epoch], last = root, epoch
	}
	if err := reader.Done("the stored mesh keys"); err != nil {
		return Ring{}, err
	}
	return Ring{roots}, nil
}

// Format shows the epochs and no key, whatever the verb.
func (r Ring) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "keys of epochs %v", r.Epochs()) }
