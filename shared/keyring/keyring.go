// Package keyring derives a mesh's keys from its root keys, keeps the root keys by epoch, seals the roster's names, and wraps
// a new root key for the devices that remain (docs/PROTOCOL.md, sections 2 and 3.2).
//
// What it does not do: decide when a mesh rotates or who remains, fetch wraps from a roster, or store anything.
package keyring

import (
	"io"

	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// Root is a mesh root key. It belongs to one epoch.
type Root = seal.Key

// NewRoot draws a root key.
func NewRoot(entropy io.Reader) (Root, error) { return seal.NewKey(entropy) }

// Commitment is what genesis and rotations state of a root key, so that nobody can hand out another.
func Commitment(root Root, epoch uint32) [wire.CommitmentSize]byte {
	return derive(root, "commit", epoch)
}

// NameKey seals the names of the mesh and of topics.
func NameKey(root Root, epoch uint32) seal.Key { return derive(root, "name", epoch) }

// ProfileKey seals members' profiles.
func ProfileKey(root Root, epoch uint32) seal.Key { return derive(root, "profile", epoch) }

// CardKey seals sessions' cards.
func CardKey(root Root, epoch uint32) seal.Key { return derive(root, "card", epoch) }

// TopicKey seals the messages of a topic.
func TopicKey(root Root, epoch uint32, topic wire.TopicID) seal.Key {
	return derive(root, "topic", epoch, topic[:])
}

// PreviousKey seals the root key of the epoch before.
func PreviousKey(root Root, epoch uint32) seal.Key { return derive(root, "previous-root", epoch) }

func derive(root Root, purpose string, epoch uint32, parts ...[]byte) [wire.KeySize]byte {
	return wire.Derive(root[:], purpose, append([][]byte{wire.AppendU32(nil, epoch)}, parts...)...)
}
