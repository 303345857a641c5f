// Package store is the relay's durable state, as an interface: what a mesh's core (relay/mesh) wants committed, and what it
// is loaded from.
//
// Every store passes the suite of package storetest. Store memory is for tests and simulations, sqlite for relays.
//
// What it does not do: judge statements or sends, open envelopes, or know connections. It checks only what another
// writer could have changed: the roster's head, a device's last counter, uses and codes of invites.
package store

import (
	"context"
	"fmt"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Store keeps any number of meshes. Its methods may be called from any goroutine. A failure of the disk or the database is
// CodeUnavailable; the cause is wrapped for the log.
type Store interface {
	// Commit carries out the batches of several meshes in one transaction, and returns when it is durable: for each
	// batch one verdict an op. After an error the outcome is unknown (all or nothing was done): whoever has state built on
	// it loads again.
	Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error)

	// Load gives everything of a mesh but its messages; CodeUnknownMesh where there is none.
	Load(ctx context.Context, id wire.MeshID) (mesh.Snapshot, error)

	// Read gives entries of a stream that follow after, in order, about maxBytes of them and at least one if there is
	// any. A stream that was never written to is empty.
	Read(ctx context.Context, id wire.MeshID, stream wire.Stream, after wire.Position, maxBytes int) (mesh.Page, error)

	// Invite finds an invite of any mesh by its code; CodeNotFound where there is none.
	Invite(ctx context.Context, code string) (mesh.InviteRow, error)

	// Aged names at most limit meshes that keep something outside of their roster which was written before a time, in
	// milliseconds since 1970: a mesh that nobody connects to is to be loaded, or nothing of it is ever trimmed.
	Aged(ctx context.Context, before uint64, limit int) ([]wire.MeshID, error)

	// Audit gives at most limit records of a mesh with a Number above after, in order.
	Audit(ctx context.Context, id wire.MeshID, after uint64, limit int) ([]Record, error)

	// DropRecords drops records of any mesh that were written before a time, in milliseconds since 1970, at most limit of them
	// in one transaction, and gives how many went: 0 when none is left, or another node is at it. Of each mesh the oldest go
	// first, and what stands behind a younger record, as after a clock that was wrong, waits for that one: so the numbers of those
	// left stay and follow one another, and no number is given again.
	DropRecords(ctx context.Context, before uint64, limit int) (dropped int, err error)

	// Ready is nil when a commit can be expected to succeed.
	Ready(ctx context.Context) error

	// Close waits for what runs, writes everything to the main file and lets it go. A closed store answers
	// CodeUnavailable.
	Close() error
}

// Shared is a Store that several relays, each a node, use at once. Any of them may write to any mesh.
type Shared interface {
	Store

	// Node is this process among those that use the store. Its id changes in Join alone.
	Node() mesh.NodeID

	// Join makes this process a new node after ErrNodeLost, when nothing is in memory any more that was loaded before, and
	// ends the old one. It fails with CodeUnavailable while the store cannot be reached, and is then to be called again.
	Join(ctx context.Context) error

	// Elsewhere gives what happened to a mesh since a mark, which came with its snapshot or with the Elsewhere before.
	Elsewhere(ctx context.Context, id wire.MeshID, since mesh.Mark) (mesh.Elsewhere, error)

	// Moved waits until meshes may have changed by other nodes' hands and names them, each once; all means any of them. It names too
	// many rather than too few, and late (up to a second) rather than never: whoever asks for Elsewhere of each
	// misses nothing. A failure is told after a pause, and is followed by all. After ErrNodeLost it tells the same until Join.
	Moved(ctx context.Context) (meshes []wire.MeshID, all bool, err error)
}

// Instant is a Store whose Commit waits for no disk and no other process, so that whoever has something to commit may do it
// where it stands.
type Instant interface {
	Store
	Instant()
}

// ErrNodeLost is within the errors of a Shared store when this node's lease lapsed: it could not reach the store for so long that the
// others may have taken its sessions over. Nothing that it commits is carried out any more, until Join. Its code is CodeUnavailable.
var ErrNodeLost = fmt.Errorf("this node lost its lease: %w", wire.Refuse(wire.CodeUnavailable))

// Record is one line of the metadata audit: who did what, when, and how much; ids only.
type Record struct {
	// Number rises by one within a mesh, from 1.
	Number uint64
	// Time is the relay's, in milliseconds since 1970; of several appends that of the last.
	Time   uint64
	Action Action
	Stream wire.Stream
	// Position is that of the last entry concerned.
	Position wire.Position
	// Shares tell who did how much: one for an event, one for each device that one commit appended for.
	Shares []Share
}

// Share is what one device did: how many entries, and their size together.
type Share struct {
	Device       wire.DeviceID // zero: the relay itself
	Count, Bytes uint64
}

// Action is what a record tells of.
type Action string

// The actions.
const (
	ActionCreate    Action = "create"    // a mesh was made
	ActionStatement Action = "statement" // one was appended to the roster
	ActionInvite    Action = "invite"    // an invite was issued
	ActionClaim     Action = "claim"     // an invite was used
	ActionAppend    Action = "append"    // envelopes were appended
	ActionTrim      Action = "trim"      // a stream was trimmed
)

// Unavailable is what a store returns when the disk or the database failed: CodeUnavailable to whoever asked, with the
// cause for the log.
func Unavailable(doing string, cause error) error {
	return fmt.Errorf("%s: %w: %w", doing, wire.Refuse(wire.CodeUnavailable), cause)
}
