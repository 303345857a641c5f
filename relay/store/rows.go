package store

import (
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Rows are the tables of a store within one transaction, for Applier. Everything that a mesh owns is reached by the number of
// its row and in no other way, so that no operation can touch another mesh. Any error ends the transaction.
//
// An Applier reads row by row. Where that would be a round trip each, a store fetches all of ReadsOf before it applies.
type Rows interface {
	// Mesh finds a mesh; a Number of 0 means that there is none.
	Mesh(id wire.MeshID) (MeshRow, error)
	// AddMesh inserts a mesh and gives its number; SaveMesh writes its head and last record.
	AddMesh(id wire.MeshID, row MeshRow) (number int64, err error)
	SaveMesh(row MeshRow) error

	// Stream finds a stream; a Number of 0 means that there is none.
	Stream(mesh int64, name wire.Stream) (StreamRow, error)
	AddStream(mesh int64, name wire.Stream) (number int64, err error)
	SaveStream(row StreamRow) error
	// AddChunk keeps a chunk; Data is borrowed.
	AddChunk(chunk Chunk) error
	// ChunkAt is the chunk that holds a position; a Count of 0 means that there is none.
	ChunkAt(stream int64, position wire.Position) (Chunk, error)
	// OldestChunks gives the chunks of a stream from the oldest on, until take wants no more. Data is take's to keep.
	OldestChunks(stream int64, take func(Chunk) (more bool)) error
	// DropChunks drops the chunks of a stream whose last position is not above to.
	DropChunks(stream int64, to wire.Position) error

	// Counter is the row of a device; zero where nothing was accepted from it.
	Counter(mesh int64, device wire.DeviceID) (CounterRow, error)
	SaveCounter(mesh int64, device wire.DeviceID, row CounterRow) error
	// RaiseCursor moves a cursor where position is higher.
	RaiseCursor(mesh int64, device wire.DeviceID, stream int64, position wire.Position) error

	// InviteUses is how many uses are left; 0 where there is no such invite.
	InviteUses(mesh int64, id wire.InviteID) (left int, err error)
	SaveInviteUses(mesh int64, id wire.InviteID, left int) error
	// CodeTaken reports whether any invite of any mesh has this code.
	CodeTaken(code string) (bool, error)
	AddInvite(mesh int64, code string, invite *mesh.NewInvite) error

	// SaveSession keeps a session; its card is borrowed.
	SaveSession(mesh int64, session *mesh.SessionRow) error
	DropSession(mesh int64, device wire.DeviceID, session wire.SessionID) error
	// ForgetDevice drops the cursors and sessions of a device.
	ForgetDevice(mesh int64, device wire.DeviceID) error

	// AddRecord keeps a record; it is borrowed. Its Number counts what this writer appended; a store with several writers
	// gives numbers of its own.
	AddRecord(mesh int64, record *Record) error
}

// SharedRows are the Rows of a Shared store. Its SaveSession keeps Node, Version and Own too; its DropSession is not used: a
// session that was dropped is one whose State is "", which Load leaves out and Elsewhere lists in Gone.
type SharedRows interface {
	Rows

	// Session is what is stored of a session, also where its State is ""; a Version of 0 means that there is nothing. No other
	// transaction may change it before this one ends, nor add it where it is not there (Reads.Sessions names it).
	Session(mesh int64, device wire.DeviceID, session wire.SessionID) (mesh.SessionRow, error)
}

// MeshRow is a mesh: the head of its roster and the number of its last audit record.
type MeshRow struct {
	Number int64
	Head   wire.Head
	Record uint64
}

// StreamRow is a stream: the position of its last entry, 0 before the first; what its chunks hold together, and the Time
// of the first of them, 0 where there is none.
type StreamRow struct {
	Number int64
	Head   wire.Position
	Kept   mesh.Amount
	Oldest uint64
}

// CounterRow is the last counter of a device, and how many bytes of what it sent are kept in all streams.
type CounterRow struct{ Last, Bytes uint64 }
