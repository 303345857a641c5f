package mesh

import (
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// Snapshot is what a store has of a mesh, but for the messages.
type Snapshot struct {
	Mesh wire.MeshID
	// Roster holds every statement, in order.
	Roster   []Entry
	Heads    []StreamHead
	Counters []Counter
	Cursors  []CursorRow
	Sessions []SessionRow
	Codes    []InviteCode

	// Of a shared store: when this was read, and the nodes that run, with the one that reads.
	Mark  Mark
	Nodes []NodeID
}

// StreamHead is the position of a stream's last entry, and how much of the stream is kept.
type StreamHead struct {
	Stream   wire.Stream
	Position wire.Position
	Kept     Amount
	Oldest   uint64 // when its first chunk was written, in milliseconds since 1970; 0: nothing is kept
	// Trimmed is the highest position that was dropped, 0: none. Only Elsewhere tells it, and of inboxes alone.
	Trimmed wire.Position
}

// Counter is the last counter accepted from a device, and how many bytes of what it sent are kept, in all streams.
type Counter struct {
	Device wire.DeviceID
	Last   uint64
	Bytes  uint64
}

// CursorRow is how far a device has stored a stream.
type CursorRow struct {
	Device   wire.DeviceID
	Stream   wire.Stream
	Position wire.Position
}

// SessionRow is the stored state of a session that holds or held a lease.
type SessionRow struct {
	Member  wire.MemberID
	Device  wire.DeviceID
	Session wire.SessionID
	State   string // wire.StateOnline, StateAway or StateOffline
	// Since is when the state began, in milliseconds since 1970.
	Since       uint64
	CardVersion uint64
	Card        []byte

	// Node holds the session's connection while the state is online. Version rises by one with each change of the row, the first
	// is 1; Own: it is its connection's own session, not one for which that speaks. A store that is not shared keeps none of them.
	Node    NodeID
	Version uint64
	Own     bool
}

// InviteCode is the code under which an invite is looked up.
type InviteCode struct {
	Invite wire.InviteID
	Code   string
}

// InviteRow is what a store has of an invite.
type InviteRow struct {
	Mesh            wire.MeshID
	Invite          wire.InviteID
	Code            string
	Escrow, Preview []byte
}

// Entry is one entry of a stream: an envelope, or a statement of the roster.
type Entry struct {
	Position, Previous wire.Position
	// Time is the relay's, in milliseconds since 1970.
	Time   uint64
	Sender wire.DeviceID // the sending device, or the statement's author
	Bytes  []byte
}

// Page is what one read of a stream gave.
type Page struct {
	// Gap is set where entries behind the position asked for are gone.
	Gap     *Gap
	Entries []Entry
	// More: the stream goes on behind the last entry.
	More bool
}

// Gap says that what lay after one position, up to and with another, is gone.
type Gap struct{ After, To wire.Position }

// Last is the position up to which a page answers a read after the given one.
func (p *Page) Last(after wire.Position) wire.Position {
	if n := len(p.Entries); n > 0 {
		return p.Entries[n-1].Position
	}
	if p.Gap != nil {
		return p.Gap.To
	}
	return after
}

// AppendPage appends the page as frames for a device: gap, then deliver frames that hold no stanza but the device's own,
// or statement frames for the roster. Where b has too little room it grows once.
func AppendPage(b []byte, stream wire.Stream, device wire.DeviceID, p *Page) ([]byte, error) {
	size := 0
	for i := range p.Entries {
		size += maxEntryHead + len(p.Entries[i].Bytes)
	}
	b = slices.Grow(b, size)
	if p.Gap != nil {
		b = wire.AppendJSONFrame(b, wire.FrameGap, wire.Gap{Kind: stream.Kind, ID: stream.ID, After: p.Gap.After, To: p.Gap.To})
	}
	for i := range p.Entries {
		var err error
		if b, err = appendEntry(b, stream, device, &p.Entries[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// maxEntryHead is what a frame holds beside the entry's own bytes, in bytes and at most: that of deliver frames, whose envelope
// is never larger than the one that is stored.
const maxEntryHead = wire.FrameHeader + wire.StreamSize + 3*8 + wire.IDSize

func appendEntry(b []byte, stream wire.Stream, device wire.DeviceID, e *Entry) ([]byte, error) {
	if stream.Kind == wire.StreamRoster {
		return wire.AppendStatement(b, wire.Statement{Position: e.Position, Previous: e.Previous, Time: e.Time, Bytes: e.Bytes}), nil
	}
	start := len(b)
	b = wire.AppendDeliverHead(b, wire.Deliver{Stream: stream, Position: e.Position, Previous: e.Previous, Time: e.Time, Sender: e.Sender})
	if stream.Kind == wire.StreamTopic {
		return wire.EndFrame(append(b, e.Bytes...), start), nil
	}
	envelope, err := wire.ParseEnvelope(e.Bytes)
	if err != nil {
		return nil, err
	}
	return wire.EndFrame(envelope.AppendForDevice(b, device), start), nil
}
