package keyring

import (
	"crypto/subtle"
	"io"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// Sizes in bytes of what a rotation carries.
const (
	// RootBoxSize: domain, mesh, author, device, epoch and root key, boxed.
	RootBoxSize = len("claudemesh/v1/rotation") + 1 + 3*wire.IDSize + 4 + wire.KeySize + wire.BoxOverhead
	// PreviousSize: the wrap of the previous root key.
	PreviousSize = wire.KeySize + seal.Overhead
)

// Wrap says whose root key is wrapped and for whom: every field but the key is checked by the device that unwraps.
type Wrap struct {
	Mesh   wire.MeshID
	Author wire.DeviceID
	Device wire.DeviceID
	Epoch  uint32 // the new one
}

// Seal boxes the root key of the new epoch to a device; shared is the key between author and device. The box has RootBoxSize bytes.
func (w Wrap) Seal(entropy io.Reader, root Root, shared identity.SharedKey) (nonce [wire.NonceSize]byte, box []byte, err error) {
	nonce, err = seal.Nonce(entropy)
	if err != nil {
		return nonce, nil, err
	}
	return nonce, seal.Box(nonce, w.bytes(root), shared), nil
}

// Open opens the box that the roster holds for a device. One that does not open, that names anything else, or whose key does
// not match the roster's commitment for the epoch is wire.CodeBadCommitment.
func (w Wrap) Open(nonce [wire.NonceSize]byte, box []byte, shared identity.SharedKey, commitment [wire.CommitmentSize]byte) (Root, error) {
	opened, ok := seal.OpenBox(nonce, box, shared)
	if !ok || len(opened) < wire.KeySize {
		return Root{}, errWrap
	}
	root := Root(opened[len(opened)-wire.KeySize:])
	if subtle.ConstantTimeCompare(opened, w.bytes(root)) != 1 {
		return Root{}, errWrap
	}
	if err := Check(root, w.Epoch, commitment); err != nil {
		return Root{}, err
	}
	return root, nil
}

// bytes is D("rotation") ‖ mesh ‖ author ‖ device ‖ epoch u32 ‖ root key.
func (w Wrap) bytes(root Root) []byte {
	return identity.SigningBytes("rotation", w.Mesh[:], w.Author[:], w.Device[:], wire.AppendU32(nil, w.Epoch), root[:])
}

// WrapPrevious seals the root key of the epoch before under that of the new epoch: PreviousSize bytes.
func WrapPrevious(entropy io.Reader, root Root, epoch uint32, previous Root) ([]byte, error) {
	return seal.SealRaw(entropy, PreviousKey(root, epoch), previous[:])
}

// OpenPrevious gives the root key of epoch − 1 from the wrap that the rotation to epoch carries. A wrap that does not open, and a
// key that does not match the roster's commitment for epoch − 1, are wire.CodeBadCommitment.
func OpenPrevious(root Root, epoch uint32, wrapped []byte, commitment [wire.CommitmentSize]byte) (Root, error) {
	if len(wrapped) != PreviousSize {
		return Root{}, errWrap
	}
	opened, err := seal.OpenRaw(PreviousKey(root, epoch), wrapped)
	if err != nil {
		return Root{}, errWrap
	}
	previous := Root(opened)
	if err := Check(previous, epoch-1, commitment); err != nil {
		return Root{}, err
	}
	return previous, nil
}

var errWrap = wire.Errorf(wire.CodeBadCommitment, "the roster's wrapped mesh key does not open for this device, so it was refused")
