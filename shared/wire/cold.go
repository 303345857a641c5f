package wire

// Frames that carry JSON (docs/PROTOCOL.md, section 9). Bytes are base64 in JSON, ids hex.

// Challenge opens a connection; its nonce is made for it alone.
type Challenge struct {
	Nonce Bytes `json:"nonce"`
	// Time is the relay's, in milliseconds since 1970.
	Time int64 `json:"time"`
}

// ChallengeSize is the size in bytes of a challenge's nonce.
const ChallengeSize = 32

// Hello proves possession of a device key; Signature is over HelloBytes.
type Hello struct {
	Device    DeviceID  `json:"device"`
	Session   SessionID `json:"session"`
	OneShot   bool      `json:"one_shot"`
	Origin    string    `json:"origin"`
	Signature Bytes     `json:"signature"`
}

// HelloBytes is what a hello's signature covers:
// D("hello") ‖ nonce 32 ‖ mesh 32 ‖ device 32 ‖ session 16 ‖ one_shot u8 ‖ bytes16(origin).
func HelloBytes(nonce []byte, mesh MeshID, h Hello) []byte {
	b := append(Domain("hello"), nonce...)
	b = append(append(b, mesh[:]...), h.Device[:]...)
	b = append(b, h.Session[:]...)
	if h.OneShot {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return AppendBytes16(b, []byte(h.Origin))
}

// Limits are what this relay takes, in bytes and numbers.
type Limits struct {
	Envelope   int `json:"envelope"`
	Recipients int `json:"recipients"`
	Frame      int `json:"frame"`
}

// Welcome ends the handshake.
type Welcome struct {
	Mesh        MeshID    `json:"mesh"`
	Member      MemberID  `json:"member"`
	Device      DeviceID  `json:"device"`
	Session     SessionID `json:"session"`
	Head        Head      `json:"head"`
	Position    Position  `json:"position"`
	LastCounter uint64    `json:"last_counter"`
	Time        int64     `json:"time"`
	Lease       int       `json:"lease_seconds"`
	Grace       int       `json:"grace_seconds"`
	Limits      Limits    `json:"limits"`
}

// TailItem asks for one stream from behind a position.
type TailItem struct {
	Kind  StreamKind `json:"kind"`
	ID    Hash       `json:"id"`
	After Position   `json:"after"`
}

// Tail asks for up to MaxTail streams.
type Tail struct {
	Streams List[TailItem] `json:"streams"`
}

// Check refuses no stream, more than MaxTail, and one without a kind.
func (t Tail) Check() error {
	if n := len(t.Streams); n == 0 || n > MaxTail {
		return Errorf(CodeMalformed, "a tail frame names 1 to %d streams", MaxTail)
	}
	for i := range t.Streams {
		if !t.Streams[i].Kind.Valid() {
			return errNoKind
		}
	}
	return nil
}

var errNoKind = Errorf(CodeMalformed, "a stream is roster, inbox or topic")

// NewTailItem names a stream and a position.
func NewTailItem(s Stream, after Position) TailItem {
	return TailItem{Kind: s.Kind, ID: Hash(s.ID), After: after}
}

// Stream is the stream that the item names.
func (t TailItem) Stream() Stream { return Stream{t.Kind, t.ID} }

// Append asks to append a statement to the roster; escrow and preview go with an invite. After is set where a statement is
// offered again that a relay lost: the head behind which it stood.
type Append struct {
	Ref       uint64 `json:"ref"`
	Statement Bytes  `json:"statement"`
	Escrow    Bytes  `json:"escrow,omitempty"`
	Preview   Bytes  `json:"preview,omitempty"`
	After     *Head  `json:"after,omitempty"`
}

// Reply answers an append.
type Reply struct {
	Ref      uint64   `json:"ref"`
	Head     *Head    `json:"head,omitempty"`
	Position Position `json:"position,omitempty"`
	Code     string   `json:"code,omitempty"`
	Error    *Error   `json:"error,omitempty"`
}

// SetCard replaces a session's card where version is higher. Session is one that the connection speaks for beside its own,
// which its first card begins; zero means the connection's own.
type SetCard struct {
	Version uint64    `json:"version"`
	Card    Bytes     `json:"card"`
	Session SessionID `json:"session,omitzero"`
}

// TrackItem asks to be told when a device of the member passes the position in its inbox.
type TrackItem struct {
	Member   MemberID `json:"member"`
	Position Position `json:"position"`
	Counter  uint64   `json:"counter"`
}

// Track carries at most MaxTrack items.
type Track struct {
	Items List[TrackItem] `json:"items"`
}

// Check refuses more than MaxTrack items.
func (t Track) Check() error {
	if len(t.Items) > MaxTrack {
		return Errorf(CodeMalformed, "a track frame has at most %d items", MaxTrack)
	}
	return nil
}

// Refused says that a send was not stored.
type Refused struct {
	Counter uint64 `json:"counter"`
	Error
}

// Gap says that retention took what lay after one position up to another.
type Gap struct {
	Kind  StreamKind `json:"kind"`
	ID    Hash       `json:"id"`
	After Position   `json:"after"`
	To    Position   `json:"to"`
}

// Check refuses a gap in no stream.
func (g Gap) Check() error {
	if !g.Kind.Valid() {
		return errNoKind
	}
	return nil
}

// The states of a session.
const (
	StateOnline  = "online"
	StateAway    = "away"
	StateOffline = "offline"
)

// SessionState is what the relay knows of a session.
type SessionState struct {
	Member  MemberID  `json:"member"`
	Device  DeviceID  `json:"device"`
	Session SessionID `json:"session"`
	State   string    `json:"state"`
	// Since is when the state began, in milliseconds since 1970.
	Since       int64  `json:"since"`
	Card        Bytes  `json:"card,omitempty"`
	CardVersion uint64 `json:"card_version,omitempty"`
}

// Presence lists sessions: all of them (full), or those that changed.
type Presence struct {
	Full     bool               `json:"full"`
	Sessions List[SessionState] `json:"sessions"`
}

// Close is the relay's last frame on a connection.
type Close struct {
	Error
	RetryAfter int `json:"retry_after_ms"`
}
