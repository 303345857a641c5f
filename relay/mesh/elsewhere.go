package mesh

import "claudemesh.com/mesh/shared/wire"

// NodeID names one relay process among those that share a store. Zero: the store has one relay.
type NodeID uint64

// Mark is a moment in the life of a shared store. It means something to that store only.
type Mark uint64

// Elsewhere is what happened to a mesh since a Mark by other nodes' hands. The core's own acts may be among it, and something may be
// told of twice. Everything in it only ever rises (positions, counters, versions), by which the core finds what is new to it.
type Elsewhere struct {
	// Mark is where the next Elsewhere begins.
	Mark Mark
	// Roster holds statements, in order and without a hole, beginning at or before the one that follows the core's head.
	Roster []Entry
	Codes  []InviteCode // of the invites that Roster issues
	Heads  []StreamHead // of streams that grew or were trimmed
	// Counters are those of devices that sent, or of whose entries something was trimmed.
	Counters []Counter
	Cursors  []CursorRow
	Sessions []SessionRow
	// Gone are sessions that were dropped, at the version that they would have had.
	Gone []GoneSession
	// Lost are nodes that no longer run: the sessions that they held are away.
	Lost []NodeID
}

// GoneSession is a session that a store no longer has.
type GoneSession struct {
	Device  wire.DeviceID
	Session wire.SessionID
	Version uint64
}
