package mesh

import "claudemesh.com/mesh/shared/wire"

// Batch is what one mesh wants committed, in order. Its slices belong to the core and are valid until Committed; a store
// copies what it keeps.
type Batch struct {
	Mesh wire.MeshID
	Ops  []Op
}

// Empty reports whether there is nothing to commit.
func (b Batch) Empty() bool { return len(b.Ops) == 0 }

// Op is one operation on a store. Each gets one Verdict; an op whose verdict is not Done changed nothing. Ops are carried
// out in order, each seeing what those before it did.
type Op interface{ op() }

// CreateMesh makes a mesh with its first statements. Verdict: Done with a place for each statement, or Exists.
type CreateMesh struct {
	Head       wire.Head // after the last statement
	Author     wire.DeviceID
	Statements [][]byte
	Time       uint64 // of the relay, in milliseconds since 1970; so in all ops
}

// AppendStatement appends to the roster where After is still the head. Verdict: Done with one place (and the code of a new
// invite), Stale, Exhausted or CodeTaken.
type AppendStatement struct {
	After, Head wire.Head // before and after
	Author      wire.DeviceID
	Statement   []byte
	Time        uint64
	// Invite comes with the statement that issues it.
	Invite *NewInvite
	// Use is the invite that a join uses once, or zero. The store counts it and answers Exhausted where none is left.
	Use wire.InviteID
	// Forget are devices that leave the mesh by this statement: their cursors and sessions are forgotten with it (ForgetDevice).
	Forget []wire.DeviceID
}

// NewInvite is stored with its statement.
type NewInvite struct {
	ID   wire.InviteID
	Uses int
	// Codes are candidates; the store takes the first that no invite of this relay has, or answers CodeTaken.
	Codes           []string
	Escrow, Preview []byte
}

// AppendEnvelope appends one envelope to each of its streams, where Head is still the roster's head and After is the
// device's last counter, which then becomes Counter. Verdict: Done with one place for each entry, Stale, or Resume with
// the last counter.
type AppendEnvelope struct {
	Head    wire.Head
	Device  wire.DeviceID
	After   uint64
	Counter uint64
	Time    uint64
	Entries []NewEntry
}

// NewEntry is an envelope for one stream, holding only that stream's stanzas.
type NewEntry struct {
	Stream   wire.Stream
	Envelope []byte
}

// MoveCursor raises a device's cursor in a stream; one that is not higher changes nothing. Verdict: Done.
type MoveCursor struct {
	Device   wire.DeviceID
	Stream   wire.Stream
	Position wire.Position
}

// FindEnvelope asks whether an envelope of a device stands at a position. Verdict: Done, or Absent where another's does, or
// none (any more).
type FindEnvelope struct {
	Device   wire.DeviceID
	Stream   wire.Stream
	Position wire.Position
}

// PutSession stores the state of a session, replacing what was. In a shared store that is done only where Session.Version is one
// above the version of what was, or where nothing was; once one was not done, no later one of the same session in the batch is.
// Verdict: Done, or Overtaken with what is stored.
type PutSession struct{ Session SessionRow }

// DropSession forgets a session. Version and verdict are as for PutSession; a shared store remembers the version for as long as a
// node may not have heard of it.
type DropSession struct {
	Device  wire.DeviceID
	Session wire.SessionID
	Version uint64
}

// ForgetDevice forgets cursors and sessions of a device that left the mesh. Its last counter stays. Verdict: Done.
type ForgetDevice struct{ Device wire.DeviceID }

// Trim drops the oldest chunks of a stream that is not the roster, whole ones only: each that holds nothing from Before or
// later, or without which at least Keep would be left. Readers that are behind get a gap. Verdict: Done with Trimmed.
type Trim struct {
	Stream wire.Stream
	Before uint64 // in milliseconds since 1970; 0: age is no reason
	Keep   Amount // either field is a reason by itself; 0: it is none
	Time   uint64
}

// Amount is how much a part of a stream is: entries, and the bytes that they take in a store, each with EntryOverhead.
type Amount struct{ Count, Bytes uint64 }

// EntryOverhead is what an entry takes in a store beside its own bytes, in bytes: its time, sender and length.
const EntryOverhead = 8 + wire.IDSize + 4

// Trimmed is what a Trim dropped, and what it left.
type Trimmed struct {
	To     wire.Position // the highest position that this dropped; 0: none
	Amount Amount        // dropped
	Freed  []Freed       // the same bytes by the device that sent them
	Oldest uint64        // when the first chunk that is left was written, in milliseconds since 1970; 0: nothing is left
	More   bool          // it has done as much as one operation does; the same again drops more
}

// Freed is how many bytes of a device's entries were dropped.
type Freed struct {
	Device wire.DeviceID
	Bytes  uint64
}

func (*CreateMesh) op()      {}
func (*AppendStatement) op() {}
func (*AppendEnvelope) op()  {}
func (*MoveCursor) op()      {}
func (*FindEnvelope) op()    {}
func (*PutSession) op()      {}
func (*DropSession) op()     {}
func (*ForgetDevice) op()    {}
func (*Trim) op()            {}

// Outcome is how an operation ended.
type Outcome uint8

// The outcomes. Each but Done means that the operation changed nothing.
const (
	Done Outcome = 1 + iota
	// Stale: the roster's head is not the one that the operation was judged by, or the mesh is not there.
	Stale
	// Resume: After is not the device's last counter; Last is.
	Resume
	// Exhausted: the invite has no use left.
	Exhausted
	// CodeTaken: every code offered belongs to another invite.
	CodeTaken
	// Exists: the mesh was made before.
	Exists
	// Absent: what was asked for is not there.
	Absent
	// Overtaken: another node changed the session meanwhile; Session is what is stored.
	Overtaken
)

// Verdict is a store's answer to an operation.
type Verdict struct {
	Outcome Outcome
	// Places are where entries were put, in the operation's order.
	Places []Place
	Last   uint64
	Code   string
	// Trimmed answers a Trim.
	Trimmed *Trimmed
	// Session comes with Overtaken; its State is "" where the session was dropped.
	Session *SessionRow
}

// Place is a position in a stream and the one before it.
type Place struct{ Position, Previous wire.Position }
