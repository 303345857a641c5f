package mesh

import "claudemesh.com/mesh/shared/wire"

// ConnID names a connection for the adapter and the core; the adapter never uses one twice for the same core.
type ConnID uint64

// RequestID names a request that came over HTTP; its Answer bears it.
type RequestID uint64

// EventKind tells what happened.
type EventKind uint8

// The events and the fields of Event that each uses.
const (
	// EventOpened: Conn was opened. The core answers with a challenge.
	EventOpened EventKind = 1 + iota
	// EventReceived: Frame came on Conn. The payload is borrowed for the call of Handle only.
	EventReceived
	// EventClosed: Conn is gone, whoever ended it. For a connection that the core dropped it may be left out.
	EventClosed
	// EventTick: the time of Deadline has come (or any other moment; a tick too many does nothing).
	EventTick
	// EventReadDone: the read with this Tag on Conn was written to it, up to Last; Failed: it could not be read.
	EventReadDone
	// EventLookup: Request asks about Invite, a row of the store.
	EventLookup
	// EventClaim: Request claims Claim.Invite.
	EventClaim
	// EventMoved: another node may have changed the mesh.
	EventMoved
	// EventElsewhere: what OutputElsewhere asked for; Failed: it could not be had.
	EventElsewhere
	// EventFollowed: what OutputFollow with this Tag asked for; Failed: it could not be read, and Followed names the stream alone.
	EventFollowed
)

// Event is one thing that happened, with the fields that its kind names.
type Event struct {
	Kind    EventKind
	Conn    ConnID
	Frame   wire.Frame
	Tag     uint64
	Last    wire.Position
	Failed  bool
	Request RequestID
	Invite  *InviteRow
	Claim   *Claim

	// Borrowed until Committed.
	Elsewhere *Elsewhere
	Followed  *Followed
}

// Followed is a page of a stream, for all who are live on it.
type Followed struct {
	Stream wire.Stream
	Page   Page
}

// Claim is a claim of an invite (docs/PROTOCOL.md, section 4).
type Claim struct {
	Invite *InviteRow
	// Recipient is the X25519 key to which the escrow will be sealed; it must be the one of the join's device record.
	Recipient [wire.KeySize]byte
	// Join is the signed join statement.
	Join []byte
}

// OutputKind tells what the adapter is to do.
type OutputKind uint8

// The outputs and the fields of Output that each uses.
const (
	// OutputSend: write Bytes, one or more whole frames, to Conn.
	OutputSend OutputKind = 1 + iota
	// OutputDrop: write Bytes (a close frame, or nothing), then close Conn; Code says why ("": the peer said bye). The core has
	// forgotten the connection.
	OutputDrop
	// OutputRead: read Stream after After from the store and write it to Conn with AppendPage for Device, then tell
	// EventReadDone with Tag. A connection has at most one read at a time.
	OutputRead
	// OutputAnswer: Answer the request.
	OutputAnswer
	// OutputCount: a frame or request was refused for the reason Code; for metrics, as is the Code of a drop.
	OutputCount
	// OutputElsewhere: ask the store what happened since Since and tell EventElsewhere. One at a time is under way.
	OutputElsewhere
	// OutputFollow: read Stream after After from the store and tell EventFollowed with Tag.
	OutputFollow
	// OutputReload: another writer moved this mesh, which it should not. Always the last output; drop the core, close its connections and answer
	// the requests that got no answer (CodeUnavailable), then load it again.
	OutputReload
)

// Output is one thing to do, with the fields that its kind names. Bytes are the core's: they are valid until the next call
// of Handle, so the adapter writes or copies them before it.
type Output struct {
	Kind   OutputKind
	Conn   ConnID
	Bytes  []byte
	Code   wire.Code
	Stream wire.Stream
	After  wire.Position
	Tag    uint64
	Since  Mark
	Device wire.DeviceID
	Answer *Answer
}

// Answer is what a request gets: Err, or the field of its kind.
type Answer struct {
	Request RequestID
	Err     *wire.Error
	Lookup  *Lookup
	Claimed *Claimed
}

// Lookup is what the relay tells of an invite before it is claimed (docs/PROTOCOL.md, section 4).
type Lookup struct {
	Code      string
	Mesh      wire.MeshID
	Invite    wire.InviteID
	Role      wire.Role
	Expires   uint64 // seconds since 1970
	UsesLeft  int
	Preview   []byte
	Canonical string
	Signature []byte
	OwnerKey  [wire.KeySize]byte // the Ed25519 key of the genesis device
	Head      wire.Head
}

// Claimed is the outcome of a claim; the API seals Escrow to the claimant's key and shows it to nobody else.
type Claimed struct {
	Escrow    []byte
	Mesh      wire.MeshID
	Member    wire.MemberID
	Device    wire.DeviceID
	OwnerKey  [wire.KeySize]byte
	Canonical string
	Signature []byte
	Head      wire.Head     // after the join
	Position  wire.Position // of the join
}
