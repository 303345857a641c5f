package api

// The types of wasm/peer.d.ts, field by field. What a field means is said there, and types_test.go holds both together.

// The words of peer.d.ts: each is one of those of the type of the same name in package peer or wire.
type (
	Role           string
	Presence       string
	Kind           string
	Status         string
	Priority       string
	DeliveryState  string
	Connection     string
	ConversationID string
)

// Problem is an error where nothing rejects.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Retry   bool   `json:"retry"`
}

// MeshSummary is a mesh in the list of meshes.
type MeshSummary struct {
	MeshID      string     `json:"meshId"`
	Name        string     `json:"name"`
	MemberID    string     `json:"memberId"`
	DeviceID    string     `json:"deviceId"`
	DisplayName string     `json:"displayName"`
	Role        Role       `json:"role"`
	Relay       string     `json:"relay"`
	Connection  Connection `json:"connection"`
	Problem     *Problem   `json:"problem"`
	Unread      int        `json:"unread"`
	Waiting     int        `json:"waiting"`
}

// Session is one session of a member.
type Session struct {
	SessionID   string   `json:"sessionId"`
	DeviceID    string   `json:"deviceId"`
	State       Presence `json:"state"`
	Since       int64    `json:"since"`
	Kind        Kind     `json:"kind"`
	Status      Status   `json:"status"`
	StatusSince int64    `json:"statusSince"`
	Summary     string   `json:"summary"`
	Host        string   `json:"host"`
	Directory   string   `json:"directory"`
	Model       string   `json:"model"`
	Tags        []string `json:"tags"`
	Client      string   `json:"client"`
}

// Member is a member of a mesh.
type Member struct {
	MemberID  string    `json:"memberId"`
	Name      string    `json:"name"`
	Groups    []string  `json:"groups"`
	Role      Role      `json:"role"`
	IsSelf    bool      `json:"isSelf"`
	Kind      Kind      `json:"kind"`
	Presence  Presence  `json:"presence"`
	Since     int64     `json:"since"`
	Status    Status    `json:"status"`
	Summary   string    `json:"summary"`
	Sessions  []Session `json:"sessions"`
	DeviceIDs []string  `json:"deviceIds"`
	JoinedAt  int64     `json:"joinedAt"`
}

// Topic is a topic of a mesh.
type Topic struct {
	TopicID     string `json:"topicId"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Archived    bool   `json:"archived"`
	Unread      int    `json:"unread"`
	LastAt      int64  `json:"lastAt"`
}

// Direct is a conversation with members.
type Direct struct {
	Conversation ConversationID `json:"conversation"`
	MemberIDs    []string       `json:"memberIds"`
	Name         string         `json:"name"`
	Departed     []string       `json:"departed"`
	Unread       int            `json:"unread"`
	LastAt       int64          `json:"lastAt"`
	LastText     string         `json:"lastText"`
}

// Ask is a question to this member that waits for its answer.
type Ask struct {
	MessageID    string         `json:"messageId"`
	Conversation ConversationID `json:"conversation"`
	From         string         `json:"from"`
	FromName     string         `json:"fromName"`
	FromSession  string         `json:"fromSession"`
	Text         string         `json:"text"`
	At           int64          `json:"at"`
}

// MeshState is a mesh with everything in it but the messages.
type MeshState struct {
	MeshSummary
	Members []Member `json:"members"`
	Topics  []Topic  `json:"topics"`
	Directs []Direct `json:"directs"`
	Asks    []Ask    `json:"asks"`
}

// Message is a message of this device's log, or a hole in it.
type Message struct {
	ID           string         `json:"id"`
	Conversation ConversationID `json:"conversation"`
	From         string         `json:"from"`
	FromName     string         `json:"fromName"`
	FromDevice   string         `json:"fromDevice"`
	To           []string       `json:"to"`
	Topic        string         `json:"topic"`
	Text         string         `json:"text"`
	Type         string         `json:"type"`
	Priority     Priority       `json:"priority"`
	ReplyTo      string         `json:"replyTo"`
	Mentions     []string       `json:"mentions"`
	Session      string         `json:"session"`
	FromSession  string         `json:"fromSession"`
	SentAt       int64          `json:"sentAt"`
	ReceivedAt   int64          `json:"receivedAt"`
	State        DeliveryState  `json:"state"`
	Error        *Problem       `json:"error"`
	Seq          uint64         `json:"seq"`
	Gap          bool           `json:"gap"`
}

// PreviewMember is a member whom an invite's preview lists.
type PreviewMember struct {
	MemberID string `json:"memberId"`
	Name     string `json:"name"`
	Role     Role   `json:"role"`
}

// InvitePreview is what the consent page shows.
type InvitePreview struct {
	Link        string          `json:"link"`
	Code        string          `json:"code"`
	Relay       string          `json:"relay"`
	MeshID      string          `json:"meshId"`
	MeshName    string          `json:"meshName"`
	InviterName string          `json:"inviterName"`
	InviterID   string          `json:"inviterId"`
	Role        Role            `json:"role"`
	MemberCount int             `json:"memberCount"`
	Members     []PreviewMember `json:"members"`
	ExpiresAt   int64           `json:"expiresAt"`
	UsesLeft    int             `json:"usesLeft"`
	AlreadyIn   bool            `json:"alreadyIn"`
}

// Invite is an invite of a mesh.
type Invite struct {
	InviteID  string   `json:"inviteId"`
	Code      string   `json:"code"`
	Link      string   `json:"link"`
	Role      Role     `json:"role"`
	Uses      int      `json:"uses"`
	Used      int      `json:"used"`
	ExpiresAt int64    `json:"expiresAt"`
	State     string   `json:"state"`
	IssuerID  string   `json:"issuerId"`
	QR        []string `json:"qr"`
}

// Recipient is one of those whom a target means.
type Recipient struct {
	MemberID string   `json:"memberId"`
	Name     string   `json:"name"`
	Kind     Kind     `json:"kind"`
	Presence Presence `json:"presence"`
}

// Resolution is what a typed target means now.
type Resolution struct {
	Input        string         `json:"input"`
	Kind         string         `json:"kind"`
	Conversation ConversationID `json:"conversation"`
	TopicID      string         `json:"topicId"`
	TopicName    string         `json:"topicName"`
	Recipients   []Recipient    `json:"recipients"`
	SessionID    string         `json:"sessionId"`
	Devices      int            `json:"devices"`
	Candidates   []Recipient    `json:"candidates"`
	Problem      *Problem       `json:"problem"`
}

// Suggestion completes a target that is being typed.
type Suggestion struct {
	Target   string `json:"target"`
	Label    string `json:"label"`
	Detail   string `json:"detail"`
	Kind     string `json:"kind"`
	MemberID string `json:"memberId"`
}

// Started is what Start gives.
type Started struct {
	Version   string `json:"version"`
	Build     string `json:"build"`
	Persisted bool   `json:"persisted"`
	StartMs   int64  `json:"startMs"`
}
