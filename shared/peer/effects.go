package peer

import (
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// Output is something that a Core wants done once the operations before it are durable.
type Output interface{ output() }

type (
	// Frames is one or more whole frames for a connection; nothing is done where the connection is gone.
	Frames struct {
		Conn  uint64
		Bytes []byte
	}
	// WantSignature asks for the device's signature over Message; Signed answers it.
	WantSignature struct {
		Ref     uint64
		Message []byte
	}
	// WantSharedKey asks for the key between the device and another's X25519 key; Shared answers it.
	WantSharedKey struct{ Box [identity.KeySize]byte }
	// WantStatement asks for the row of a statement in BucketRoster, by its number from 0; StatementRow answers it.
	WantStatement struct{ Number uint64 }
	// Hangup asks to close a connection. Final: do not come back. RetryAfter is the least time to wait else.
	Hangup struct {
		Conn       uint64
		Problem    *wire.Error
		RetryAfter time.Duration
		Final      bool
	}
	// Notify is an event for the program. Where Row is set the event's message is the one stored under that key.
	Notify struct {
		Event Event
		Row   []byte
	}
	// Result answers the input of the same Ref.
	Result struct {
		Ref     uint64
		Topic   wire.TopicID
		Invite  wire.InviteID
		Message *MessageView
		Err     *wire.Error
	}
	// Complaint is what the relay says is wrong with something that no command waits for.
	Complaint struct{ Problem wire.Error }
	// Dropped counts something received that was not taken: why, and who is said to have sent it.
	Dropped struct {
		Reason wire.Code
		Stream wire.Stream
		Sender wire.DeviceID
	}
)

func (Frames) output()        {}
func (WantSignature) output() {}
func (WantSharedKey) output() {}
func (WantStatement) output() {}
func (Hangup) output()        {}
func (Notify) output()        {}
func (Result) output()        {}
func (Complaint) output()     {}
func (Dropped) output()       {}

// Batch is what a core wants done: Ops first, in one transaction, and then what Committed gives. The outputs are behind
// a method so that letting them go too early does not come about by habit.
type Batch struct {
	Ops     []Op
	outputs []Output
}

// Committed is to be called when Ops are durable (or there are none); it gives the outputs, in order.
func (b *Batch) Committed() []Output { return b.outputs }

// Input is something that happened.
type Input interface{ input() }

type (
	// Dialing: a connection is being opened.
	Dialing struct{}
	// Opened: a connection is open. Numbers of connections rise.
	Opened struct{ Conn uint64 }
	// Closed: a connection ended, or could not be opened (Conn 0).
	Closed struct {
		Conn    uint64
		Problem *wire.Error
	}
	// Heard: a WebSocket message came. The core keeps no part of it.
	Heard struct {
		Conn    uint64
		Message []byte
	}
	// Tick: the time of Deadline has come, or some time passed.
	Tick struct{}
	// Probe: the network may have changed. A connection that does not answer soon is given up.
	Probe struct{}
	// Signed answers WantSignature.
	Signed struct {
		Ref       uint64
		Signature []byte
		Err       error
	}
	// Shared answers WantSharedKey.
	Shared struct {
		Box [identity.KeySize]byte
		Key identity.SharedKey
		Err error
	}
	// StatementRow answers WantStatement; Row is nil where it could not be read.
	StatementRow struct {
		Number uint64
		Row    []byte
	}
	// Send puts a message into the outbox; the target is resolved. Result carries the message. Replied is what BucketMessage
	// holds of the message that the draft replies to; nil: it is not here.
	Send struct {
		Ref     uint64
		Draft   Draft
		Replied []byte
	}
	// Resend puts a failed message into the outbox again: Row is what BucketMessage holds.
	Resend struct {
		Ref uint64
		Row []byte
	}
	// MarkRead: everything in the conversation was shown.
	MarkRead struct {
		Ref          uint64
		Conversation ConversationID
	}
	// MarkMessagesRead: these messages were shown; an own one to the own member, to the session of this device that it names. Others
	// that are not unread are passed over.
	MarkMessagesRead struct {
		Ref      uint64
		Messages []wire.MessageID
	}
	// Settle takes a message off the asks without an answer.
	Settle struct {
		Ref     uint64
		Message wire.MessageID
	}
	// MarkShown: the inbox was shown up to this Arrival.
	MarkShown struct{ Ref, Arrival uint64 }
	// MakeInvite appends an invite. Result carries its id.
	MakeInvite struct {
		Ref     uint64
		Options InviteOptions
	}
	// Retire withdraws an invite.
	Retire struct {
		Ref    uint64
		Invite wire.InviteID
	}
	// MakeTopic appends a topic. Result carries its id.
	MakeTopic struct {
		Ref               uint64
		Name, Description string
	}
	// Rename gives the own member another display name.
	Rename struct {
		Ref  uint64
		Name string
	}
	// ShowCard replaces a session's card; zero: the connection's own. The first card of another begins that session.
	ShowCard struct {
		Ref     uint64
		Session wire.SessionID
		Card    Card
	}
	// EndSession ends a session that is not the connection's own.
	EndSession struct {
		Ref     uint64
		Session wire.SessionID
	}
	// Depart takes the own member out of the mesh.
	Depart struct{ Ref uint64 }
	// Forget gives up waiting for a result; what was not sent yet is not done.
	Forget struct{ Ref uint64 }
	// GoodBye ends the session at once, for a program that stops: the relay is told, so that no grace begins.
	GoodBye struct{}
)

func (Dialing) input()          {}
func (Opened) input()           {}
func (Closed) input()           {}
func (Heard) input()            {}
func (Tick) input()             {}
func (Probe) input()            {}
func (Signed) input()           {}
func (Shared) input()           {}
func (StatementRow) input()     {}
func (Send) input()             {}
func (Resend) input()           {}
func (MarkRead) input()         {}
func (MarkMessagesRead) input() {}
func (Settle) input()           {}
func (EndSession) input()       {}
func (MarkShown) input()        {}
func (MakeInvite) input()       {}
func (Retire) input()           {}
func (MakeTopic) input()        {}
func (Rename) input()           {}
func (ShowCard) input()         {}
func (Depart) input()           {}
func (Forget) input()           {}
func (GoodBye) input()          {}
