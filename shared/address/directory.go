package address

import "claudemesh.com/mesh/shared/wire"

// Directory is who and what can be addressed just now. Members and topics come in any order.
type Directory struct {
	Self    wire.MemberID
	Members []Member // those who are in the mesh, oneself too
	Topics  []Topic
}

// Member is one member as names and cards show it.
type Member struct {
	ID     wire.MemberID
	Name   string // empty while joining
	Groups []string
	Tags   []string // of all its sessions, as "repo:billing"
	Online bool
	// Sessions are those that are here, in any order.
	Sessions []Session
}

// Session is one session of a member as its card shows it.
type Session struct {
	ID        wire.SessionID
	Directory string
	Host      string
}

// Topic is one topic.
type Topic struct {
	ID       wire.TopicID
	Name     string
	General  bool // #general, whose name no other topic can take
	Archived bool // resolves no more
}
