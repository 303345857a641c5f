package peer

import "claudemesh.com/mesh/shared/wire"

// Presence is whether someone is reachable.
type Presence string

// The presences, best first.
const (
	Online  Presence = wire.StateOnline
	Away    Presence = wire.StateAway
	Offline Presence = wire.StateOffline
)

// Kind is what runs a session.
type Kind string

// The kinds.
const (
	KindPerson    Kind = "person"
	KindAgent     Kind = "agent"
	KindConnector Kind = "connector"
)

// Status is what a session says it is doing.
type Status string

// The statuses.
const (
	StatusIdle          Status = "idle"
	StatusWorking       Status = "working"
	StatusNeedsApproval Status = "needs-approval"
	StatusDND           Status = "dnd"
)

// Delivery is how far a message has come.
type Delivery string

// The delivery states. Sending: in the outbox. Accepted: durable on the relay. Delivered: stored by a device of every
// recipient. Read: shown to every recipient. Failed: see the message's Error, which while Sending, where there is one, is
// why the relay does not take it, or one before it, now. Received: another member's.
const (
	Sending   Delivery = "sending"
	Accepted  Delivery = "accepted"
	Delivered Delivery = "delivered"
	Read      Delivery = "read"
	Failed    Delivery = "failed"
	Received  Delivery = "received"
)

// Connection is how this device stands to the mesh's relay.
type Connection string

// The states of a connection. Joining: claimed, not verified yet. Removed: this device may no longer connect; what it has
// stays readable.
const (
	Connecting  Connection = "connecting"
	Connected   Connection = "online"
	Unconnected Connection = "offline"
	Joining     Connection = "joining"
	Removed     Connection = "removed"
)

// Card is what a session says of itself (docs/PROTOCOL.md, section 10). Its size, sealed, is bounded by wire.MaxCard.
type Card struct {
	Kind   Kind
	Status Status
	// StatusSince is when the status began, in milliseconds since 1970, by its device's clock. In a card that is set, 0
	// means: when this session was first shown with the status.
	StatusSince int64
	Summary     string
	Host        string
	Directory   string
	Model       string
	Tags        []string
	Client      string
}

// MeshView is a mesh as this device knows it, at one moment. It shares nothing with the core.
type MeshView struct {
	Mesh        wire.MeshID
	Name        string
	Member      wire.MemberID
	Device      wire.DeviceID
	DisplayName string
	Role        wire.Role
	Relay       string
	Connection  Connection
	// Problem is why the mesh is not as it should be, or nil.
	Problem *wire.Error
	// ClockSkew is the relay's clock less this device's, in milliseconds, as the last challenge told; 0 before the first.
	ClockSkew int64
	Unread    int
	// Waiting is the number of messages that wait for the relay.
	Waiting int
	Members []MemberView // by name, then id; members that left or were removed are not among them
	Topics  []TopicView  // #general first, then by name
	Directs []DirectView // latest first
	// Asks are the messages of type ask to this member, direct or in a topic with a mention of it, that it has not answered:
	// oldest first, the newest maxAsks.
	Asks []AskView
}

// MemberView is a member. Name is empty while it is joining: its profile has not arrived. Kind, Status and Summary are of the
// session that says the most about the member, among those that are online, or else away, or else of the last one: a person's that
// is not to be disturbed, then one that needs approval, works, is idle, is not to be disturbed; a person's before others.
type MemberView struct {
	Member   wire.MemberID
	Name     string
	Groups   []string
	Role     wire.Role
	IsSelf   bool
	Kind     Kind
	Presence Presence
	// Since is when the presence began, in milliseconds since 1970: online with the first session of those that are; 0: never seen.
	Since    int64
	Status   Status
	Summary  string
	Sessions []SessionView // online first, then latest first
	Devices  []wire.DeviceID
	JoinedAt int64
}

// SessionView is a session that is online or away, or the last one that a member had.
type SessionView struct {
	Session wire.SessionID
	Device  wire.DeviceID
	State   Presence
	Since   int64
	Card    Card
}

// TopicView is a topic.
type TopicView struct {
	Topic       wire.TopicID
	Name        string
	Description string
	Archived    bool
	Unread      int
	LastAt      int64
}

// DirectView is a conversation with members: with one, with several at once, or with one's own other devices.
type DirectView struct {
	Conversation ConversationID
	Members      []wire.MemberID // as ConversationID.Parse gives them
	// Name is the names of the members, joined by ", "; short ids stand for names that did not arrive.
	Name string
	// Departed are the names of those of them that left or were removed: nothing more can be written here.
	Departed []string
	Unread   int
	LastAt   int64
	LastText string
}

// MessageView is a message of this device's log, or a hole in it. Its JSON is how the store keeps it; the name is not kept.
type MessageView struct {
	ID           wire.MessageID  `json:"id,omitzero"`
	Conversation ConversationID  `json:"conversation"`
	From         wire.MemberID   `json:"from,omitzero"`
	FromName     string          `json:"-"`
	FromDevice   wire.DeviceID   `json:"device,omitzero"`
	To           []wire.MemberID `json:"to,omitempty"`   // none for a topic
	Topic        wire.TopicID    `json:"topic,omitzero"` // zero where the message was direct
	Text         string          `json:"text,omitempty"`
	Type         string          `json:"type,omitempty"`
	Priority     wire.Priority   `json:"priority,omitempty"`
	ReplyTo      wire.MessageID  `json:"reply_to,omitzero"`
	Mentions     []wire.MemberID `json:"mentions,omitempty"`
	Session      wire.SessionID  `json:"session,omitzero"` // of the recipient, where the message is meant for one
	FromSession  wire.SessionID  `json:"from_session,omitzero"`
	SentAt       int64           `json:"sent_at,omitempty"`     // milliseconds since 1970, the sender's clock
	ReceivedAt   int64           `json:"received_at,omitempty"` // the relay's clock; 0 while sending
	State        Delivery        `json:"state,omitempty"`
	Error        *wire.Error     `json:"error,omitempty"`
	// Seq numbers the messages of a conversation in this device's log. It strictly rises, and messages sort by it.
	Seq uint64 `json:"seq"`
	// Arrival numbers all messages of this device's log in the order in which they came to be here.
	Arrival uint64 `json:"arrival"`
	// History is set for what was said before this device joined.
	History bool `json:"history,omitempty"`
	// Gap is set for a hole: what was here is gone from the relay.
	Gap bool `json:"gap,omitempty"`
}

// Draft is a message to be sent: Target is what a person typed, or else Conversation names where it goes.
type Draft struct {
	Target       string
	Conversation ConversationID
	Text         string
	Type         string // empty: text
	Priority     wire.Priority
	ReplyTo      wire.MessageID
	// Session is the recipient's, where the message is meant for one; zero: the one that Target names, or that the message
	// came from to which this replies, or any.
	Session wire.SessionID
	// FromSession is the session that says it; zero: the core's own, unless that is one_shot.
	FromSession wire.SessionID
}

// InvitePreview is what the consent page shows. Nothing was claimed.
type InvitePreview struct {
	Link        string
	Code        string
	Relay       string
	Mesh        wire.MeshID
	MeshName    string
	InviterName string
	Inviter     wire.MemberID
	Role        wire.Role
	MemberCount int
	Members     []PreviewMember // the inviter first
	ExpiresAt   int64
	UsesLeft    int
}

// PreviewMember is a member whom an invite's preview lists.
type PreviewMember struct {
	Member wire.MemberID
	Name   string
	Role   wire.Role
}

// InviteState is whether an invite can still be claimed.
type InviteState string

// The states of an invite; the first that holds of revoked, expired, exhausted.
const (
	InviteOpen      InviteState = "open"
	InviteRevoked   InviteState = "revoked"
	InviteExpired   InviteState = "expired"
	InviteExhausted InviteState = "exhausted"
)

// InviteView is an invite of the roster. Code and Link are empty where another device made it: only the maker knows the
// secret.
type InviteView struct {
	Invite    wire.InviteID
	Code      string
	Link      string
	Role      wire.Role
	Uses      int
	Used      int
	ExpiresAt int64
	State     InviteState
	Issuer    wire.MemberID
}

// InviteOptions is what an invite allows. Zero values mean: as a member, one use, seven days.
type InviteOptions struct {
	Role    wire.Role
	Uses    int
	Seconds int64
}

// RecipientView is one of those whom a target means.
type RecipientView struct {
	Member   wire.MemberID
	Name     string
	Kind     Kind
	Presence Presence
}

// TargetKind is what a target turned out to mean.
type TargetKind string

// The kinds of targets.
const (
	TargetMember  TargetKind = "member"
	TargetMembers TargetKind = "members"
	TargetTopic   TargetKind = "topic"
	TargetNone    TargetKind = "none"
)

// Resolution is what a typed target means now. Problem is CodeAmbiguous (with Candidates), CodeNotFound or nil.
type Resolution struct {
	Input        string
	Kind         TargetKind
	Conversation ConversationID
	Topic        wire.TopicID
	TopicName    string
	Recipients   []RecipientView
	// Session is the one that the target names; zero: any.
	Session    wire.SessionID
	Devices    int // that would receive it
	Candidates []RecipientView
	Problem    *wire.Error
}

// Suggestion completes what a person types. Kind is that of a member, or "topic", "group" or "all".
type Suggestion struct {
	Target string
	Label  string
	Detail string
	Kind   string
	Member wire.MemberID
}
