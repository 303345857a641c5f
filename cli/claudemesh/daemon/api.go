package daemon

import (
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Agent is a session that asks the daemon to speak for it. The session lives while its connection to the daemon and its
// process do, and is gone within seconds of either.
type Agent struct {
	// Session is random, made once for the run of the program that asks; the same again, after the daemon was lost, goes on.
	Session wire.SessionID `json:"session"`
	// Process is the agent's own program, which may be the parent of the one that asks.
	Process proc.Process `json:"process"`
	Kind    peer.Kind    `json:"kind"`
	// Mesh is the one mesh that the session shows itself in, as --mesh names it; empty: all of this machine.
	Mesh      string   `json:"mesh,omitempty"`
	Directory string   `json:"directory,omitempty"` // absolute; the card shows it with ~ for the home folder
	Model     string   `json:"model,omitempty"`
	Client    string   `json:"client,omitempty"` // name and version of the agent's program
	Tags      []string `json:"tags,omitempty"`   // beside repo:NAME, which the daemon finds by Directory
	Push      bool     `json:"push,omitempty"`   // whether pushes are of use to it
}

// Caller says which session a request is about: by its id where that is known, and else by the processes above the one that
// asks, nearest first, one of which is the session's.
type Caller struct {
	Session wire.SessionID `json:"session,omitzero"`
	Chain   []proc.Process `json:"chain,omitempty"`
}

// Message is a message for an agent. Every text in it but Text is one line without control characters.
type Message struct {
	ID          wire.MessageID `json:"id"`
	Mesh        wire.MeshID    `json:"mesh_id"`
	MeshName    string         `json:"mesh_name"`
	From        wire.MemberID  `json:"from"`
	FromName    string         `json:"from_name"`
	FromKind    peer.Kind      `json:"from_kind,omitempty"`
	FromSession wire.SessionID `json:"from_session,omitzero"`
	// Topic is the topic's name; empty: the message is direct, to this member and to Others.
	Topic      string         `json:"topic,omitempty"`
	Others     []string       `json:"others,omitempty"`
	Type       string         `json:"type"` // text, ask, answer, or one of a newer kind
	Text       string         `json:"text"`
	Priority   wire.Priority  `json:"priority"`
	ReplyTo    wire.MessageID `json:"reply_to,omitzero"`
	SentAt     int64          `json:"sent_at"`     // milliseconds since 1970, the sender's clock
	ReceivedAt int64          `json:"received_at"` // the relay's clock
	Mentioned  bool           `json:"mentioned,omitempty"`
	Here       bool           `json:"here,omitempty"` // this machine sent it: another session, or the person
	Seen       Seen           `json:"seen,omitempty"`
}

// Seen says why an agent may have seen a message before; empty: it is new.
type Seen string

// The reasons. Pushed: it was pushed to this session, which nothing confirms. Elsewhere: it was pushed to another session of
// this machine. Unconfirmed: it was handed out, and whether it was printed is not known.
const (
	SeenPushed      Seen = "pushed"
	SeenElsewhere   Seen = "elsewhere"
	SeenUnconfirmed Seen = "unconfirmed"
)

// Take asks for the messages that a session has not taken.
type Take struct {
	Caller
	// Least is the lowest priority that is wanted; the rest stays.
	Least wire.Priority `json:"least"`
	// Bytes bounds the texts together, Count the messages; 0: the daemon's own bounds. The first message comes whole even
	// where it is larger, and the caller cuts what it shows.
	Bytes int `json:"bytes,omitempty"`
	Count int `json:"count,omitempty"`
}

// Batch is what a Take got. It counts as taken once it is confirmed by its ID; unconfirmed it comes again.
type Batch struct {
	ID       uint64    `json:"batch"`
	Messages []Message `json:"messages"`
	More     int       `json:"more"` // how many wait behind these
}

// Send is a message that a session sends.
type Send struct {
	Caller
	Mesh     string         `json:"mesh,omitempty"` // empty: the session's, or the only one in which To means something
	To       string         `json:"to"`             // as people type it; empty with ReplyTo: to whom that came from, where it came
	Text     string         `json:"text"`
	Type     string         `json:"type,omitempty"` // text (empty), ask or answer
	Priority wire.Priority  `json:"priority"`
	ReplyTo  wire.MessageID `json:"reply_to,omitzero"` // or its first 8 digits, resolved by the client
}

// Sent is what became of it: its state is sending (kept), accepted, or failed with Error.
type Sent struct {
	ID           wire.MessageID `json:"id"`
	Mesh         wire.MeshID    `json:"mesh_id"`
	State        peer.Delivery  `json:"state"`
	To           []string       `json:"to"` // names, or the one topic with #
	Conversation string         `json:"conversation"`
	Error        *wire.Error    `json:"error,omitempty"`
}

// MeshPeers is who is in a mesh.
type MeshPeers struct {
	Mesh    wire.MeshID  `json:"mesh_id"`
	Name    string       `json:"name"`
	Online  bool         `json:"online"` // whether the relay is reached; if not, this is what was known last
	Self    Self         `json:"self"`
	Members []MemberPeer `json:"members"`
	Topics  []string     `json:"topics"`
}

// Self is who asks.
type Self struct {
	Member  wire.MemberID  `json:"member_id"`
	Name    string         `json:"name"`
	Session wire.SessionID `json:"session_id,omitzero"`
}

// MemberPeer is a member with its live sessions.
type MemberPeer struct {
	Member   wire.MemberID `json:"member_id"`
	Name     string        `json:"name"`
	Kind     peer.Kind     `json:"kind"`
	Presence peer.Presence `json:"presence"`
	Status   peer.Status   `json:"status,omitempty"`
	Summary  string        `json:"summary,omitempty"`
	IsSelf   bool          `json:"is_self,omitempty"`
	Sessions []SessionPeer `json:"sessions,omitempty"`
}

// SessionPeer is a session that is online or away.
type SessionPeer struct {
	Session     wire.SessionID `json:"session_id"`
	IsSelf      bool           `json:"is_self,omitempty"`
	Kind        peer.Kind      `json:"kind"`
	State       peer.Presence  `json:"state"`
	Status      peer.Status    `json:"status"`
	StatusSince int64          `json:"status_since,omitempty"`
	Summary     string         `json:"summary,omitempty"`
	Host        string         `json:"host,omitempty"`
	Directory   string         `json:"directory,omitempty"`
	Model       string         `json:"model,omitempty"`
	Tags        []string       `json:"tags,omitempty"`
	Client      string         `json:"client,omitempty"`
}

// Source is where a change of status comes from.
type Source string

// The sources. Manual: a person or agent said so. Hook: the agent's program did, and this is the best that is known for a while
// (HOOK_FRESH_WINDOW_SECONDS). Activity: it was inferred from what the session did.
const (
	SourceManual   Source = "manual"
	SourceHook     Source = "hook"
	SourceActivity Source = "activity"
)

// Change changes what a session says of itself; a nil field stays. Where Caller finds no session, the process at the end of
// Terminal gets one, which lives as long as it does.
type Change struct {
	Caller
	Source   Source        `json:"source"`
	Status   *peer.Status  `json:"status,omitempty"`
	Summary  *string       `json:"summary,omitempty"`
	Model    *string       `json:"model,omitempty"`
	AddTags  []string      `json:"add_tags,omitempty"`
	DropTags []string      `json:"drop_tags,omitempty"`
	Terminal *proc.Process `json:"terminal,omitempty"` // nil: no session is made
}

// SessionCard is a session of this machine as the daemon keeps it.
type SessionCard struct {
	Session wire.SessionID `json:"session_id"`
	Process proc.Process   `json:"process"`
	Card    peer.Card      `json:"card"`
	Meshes  []string       `json:"meshes"`
	Waiting int            `json:"waiting"` // messages that it has not taken
	Since   int64          `json:"since"`
}

// HookEvent is what an agent's program tells by a hook.
type HookEvent struct {
	Caller
	Event     string `json:"event"` // as Claude Code names it: SessionStart, UserPromptSubmit, …
	ClaudeID  string `json:"claude_session_id"`
	Directory string `json:"directory,omitempty"`
	Model     string `json:"model,omitempty"`
	Reason    string `json:"reason,omitempty"` // of SessionEnd, source of SessionStart, type of Notification
	Again     bool   `json:"again,omitempty"`  // a Stop that a hook has put off already
	// Bytes and Count bound the messages that come back, as in Take.
	Bytes int `json:"bytes,omitempty"`
	Count int `json:"count,omitempty"`
}

// HookAnswer is what the hook prints, and the batch to confirm once it did.
type HookAnswer struct {
	Batch Batch `json:"batch"`
	// Places and Waiting are for the agent at the start of a session: who it is in which meshes, and how much waits.
	Places  []Place `json:"places,omitempty"`
	Waiting int     `json:"waiting,omitempty"`
}

// Place is a mesh in which a session shows itself, and the name that it has there. Both names are as their members gave them.
type Place struct {
	Name string `json:"name"`
	Mesh string `json:"mesh"`
}

// Report is what a running daemon says of itself.
type Report struct {
	PID      int           `json:"pid"`
	Version  string        `json:"version"`
	Since    int64         `json:"since"`
	Lasting  bool          `json:"lasting"` // installed as a service: it does not leave when unused
	Socket   string        `json:"socket"`
	Meshes   []MeshReport  `json:"meshes"`
	Sessions []SessionCard `json:"sessions"`
}

// MeshReport is a mesh that the daemon holds, or why it does not.
type MeshReport struct {
	Mesh       wire.MeshID     `json:"mesh_id"`
	Name       string          `json:"name"`
	Relay      string          `json:"relay"`
	Connection peer.Connection `json:"connection"`
	Problem    *wire.Error     `json:"problem,omitempty"`
	// ClockSkew is the relay's clock less this machine's, in milliseconds, as the last challenge told.
	ClockSkew int64 `json:"clock_skew_ms"`
}
