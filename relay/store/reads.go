package store

import (
	"bytes"
	"cmp"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Reads is what an Applier may read for some batches, known before it starts: a store whose tables are behind a network
// fetches and locks it at once, and its Rows then answer from memory. Each list holds a thing once, in one order that every
// writer has, so that locks taken in that order never wait for each other in a circle.
type Reads struct {
	Meshes []wire.MeshID
	// Created are those of the meshes that are to be made where they are not there.
	Created []wire.MeshID
	// Roster: one of the batches makes a mesh or appends to a roster, so that heads of rosters may move.
	Roster bool
	// Written are the streams whose head may move or whose chunks may go; Named are others of which only the number is
	// wanted. Both are made where they are not there.
	Written, Named []StreamKey
	// Places are positions whose chunk is wanted. A stream of theirs may be in no other list; it is not made.
	Places []PlaceKey
	// Counters are those of devices that send. A trim reads others too, and changes only their Bytes.
	Counters []DeviceKey
	Invites  []InviteKey
	Codes    []string
	// Sessions are those that are put or dropped; only SharedRows are asked for them.
	Sessions []SessionKey
}

// StreamKey is a stream of a mesh.
type StreamKey struct {
	Mesh   wire.MeshID
	Stream wire.Stream
}

// PlaceKey is a position in a stream of a mesh.
type PlaceKey struct {
	StreamKey
	Position wire.Position
}

// DeviceKey is a device in a mesh.
type DeviceKey struct {
	Mesh   wire.MeshID
	Device wire.DeviceID
}

// SessionKey is a session of a device in a mesh.
type SessionKey struct {
	DeviceKey
	Session wire.SessionID
}

// InviteKey is an invite of a mesh.
type InviteKey struct {
	Mesh   wire.MeshID
	Invite wire.InviteID
}

// ReadsOf lists what an Applier may read for batches.
func ReadsOf(batches []mesh.Batch) *Reads {
	r := new(Reads)
	for _, batch := range batches {
		r.Meshes = append(r.Meshes, batch.Mesh)
		for _, op := range batch.Ops {
			r.add(batch.Mesh, op)
		}
	}
	r.Meshes = sorted(r.Meshes, func(a, b wire.MeshID) int { return bytes.Compare(a[:], b[:]) })
	r.Created = sorted(r.Created, func(a, b wire.MeshID) int { return bytes.Compare(a[:], b[:]) })
	r.Written = sorted(r.Written, compareStreams)
	r.Named = sorted(r.Named, compareStreams)
	r.Named = slices.DeleteFunc(r.Named, func(key StreamKey) bool {
		_, written := slices.BinarySearchFunc(r.Written, key, compareStreams)
		return written
	})
	r.Places = sorted(r.Places, func(a, b PlaceKey) int {
		if c := compareStreams(a.StreamKey, b.StreamKey); c != 0 {
			return c
		}
		return cmp.Compare(a.Position, b.Position)
	})
	r.Counters = sorted(r.Counters, func(a, b DeviceKey) int { return compare2(a.Mesh[:], b.Mesh[:], a.Device[:], b.Device[:]) })
	r.Invites = sorted(r.Invites, func(a, b InviteKey) int { return compare2(a.Mesh[:], b.Mesh[:], a.Invite[:], b.Invite[:]) })
	r.Sessions = sorted(r.Sessions, func(a, b SessionKey) int {
		if c := compare2(a.Mesh[:], b.Mesh[:], a.Device[:], b.Device[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Session[:], b.Session[:])
	})
	slices.Sort(r.Codes)
	r.Codes = slices.Compact(r.Codes)
	return r
}

func (r *Reads) add(id wire.MeshID, op mesh.Op) {
	switch op := op.(type) {
	case *mesh.CreateMesh:
		r.Created = append(r.Created, id)
		r.Written = append(r.Written, StreamKey{id, wire.RosterStream(id)})
		r.Roster = true
	case *mesh.AppendStatement:
		r.Written = append(r.Written, StreamKey{id, wire.RosterStream(id)})
		r.Roster = true
		if !op.Use.IsZero() {
			r.Invites = append(r.Invites, InviteKey{id, op.Use})
		}
		if op.Invite != nil {
			r.Codes = append(r.Codes, op.Invite.Codes...)
		}
	case *mesh.AppendEnvelope:
		r.Counters = append(r.Counters, DeviceKey{id, op.Device})
		for i := range op.Entries {
			r.Written = append(r.Written, StreamKey{id, op.Entries[i].Stream})
		}
	case *mesh.MoveCursor:
		r.Named = append(r.Named, StreamKey{id, op.Stream})
	case *mesh.FindEnvelope:
		r.Places = append(r.Places, PlaceKey{StreamKey{id, op.Stream}, op.Position})
	case *mesh.PutSession:
		r.Sessions = append(r.Sessions, SessionKey{DeviceKey{id, op.Session.Device}, op.Session.Session})
	case *mesh.DropSession:
		r.Sessions = append(r.Sessions, SessionKey{DeviceKey{id, op.Device}, op.Session})
	case *mesh.Trim: // whose counters it reads is known only from the chunks that it drops
		r.Written = append(r.Written, StreamKey{id, op.Stream})
	}
}

func sorted[T comparable](keys []T, compare func(a, b T) int) []T {
	slices.SortFunc(keys, compare)
	return slices.Compact(keys)
}

func compareStreams(a, b StreamKey) int {
	if c := bytes.Compare(a.Mesh[:], b.Mesh[:]); c != 0 {
		return c
	}
	if c := int(a.Stream.Kind) - int(b.Stream.Kind); c != 0 {
		return c
	}
	return bytes.Compare(a.Stream.ID[:], b.Stream.ID[:])
}

func compare2(a1, b1, a2, b2 []byte) int {
	if c := bytes.Compare(a1, b1); c != 0 {
		return c
	}
	return bytes.Compare(a2, b2)
}
