package api

// What callers hand in, as wasm/peer.d.ts says; a field of theirs that is not named here is refused.

// StartOptions are what Start takes.
type StartOptions struct {
	Relay  string `json:"relay"`
	Build  string `json:"build"`
	Marker string `json:"marker,omitempty"`
}

// CreateMeshOptions are what CreateMesh takes.
type CreateMeshOptions struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Token       string `json:"token,omitempty"`
}

// JoinMeshOptions are what JoinMesh takes.
type JoinMeshOptions struct {
	Link        string `json:"link"`
	DisplayName string `json:"displayName"`
}

// SendOptions are what Send takes.
type SendOptions struct {
	MeshID   string   `json:"meshId"`
	Target   string   `json:"target"`
	Text     string   `json:"text"`
	Priority Priority `json:"priority,omitempty"`
	ReplyTo  string   `json:"replyTo,omitempty"`
	Session  string   `json:"session,omitempty"`
	Type     string   `json:"type,omitempty"`
}

// CreateInviteOptions are what CreateInvite takes.
type CreateInviteOptions struct {
	MeshID           string `json:"meshId"`
	Role             Role   `json:"role,omitempty"`
	Uses             int    `json:"uses,omitempty"`
	ExpiresInSeconds int64  `json:"expiresInSeconds,omitempty"`
}
