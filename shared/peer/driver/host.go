package driver

import (
	"context"
	"io"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Record is one row of a store's bucket.
type Record = peer.Row

// Range is a part of a bucket in byte order of keys: From ≤ key < To, where nil means no bound. Limit 0 means all; Reverse
// begins at the end.
type Range struct {
	From, To []byte
	Reverse  bool
	Limit    int
}

// Store keeps a device's state: ordered keys in the buckets of peer.Buckets. Its methods may be called from any goroutine;
// slices that it is given are not kept, slices that it returns are the caller's. Package storetest checks an implementation.
type Store interface {
	// Get is the value under a key, or nil where there is none.
	Get(ctx context.Context, bucket string, key []byte) ([]byte, error)
	Scan(ctx context.Context, bucket string, r Range) ([]Record, error)
	// Commit carries the operations out in their order, all or none, and returns when they are durable.
	Commit(ctx context.Context, ops []peer.Op) error
	Close() error
}

// Conn is a WebSocket. Read and Write carry one binary message; one goroutine reads while another writes. Close ends both,
// with a code of RFC 6455, and may be called at any time and again.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, message []byte) error
	Close(code int, reason string) error
}

// Dialer opens WebSockets with subprotocol wire.Subprotocol. An error that is not a *wire.Error reads as CodeUnreachable.
type Dialer interface {
	Dial(ctx context.Context, url string) (Conn, error)
}

// HTTP makes requests. The answer is bounded by the implementation, to at least 1 MiB; a status that is not 2xx is no error.
type HTTP interface {
	Do(ctx context.Context, method, url string, header map[string]string, body []byte) (status int, answer []byte, err error)
}

// Host is what a driver needs of its program. Log may be nil; it is handed sentences without secrets.
type Host struct {
	Store   Store
	Keys    identity.Keys
	Dialer  Dialer
	HTTP    HTTP
	Now     func() time.Time
	Entropy io.Reader
	// Session is random, made for one run of a program.
	Session wire.SessionID
	// OneShot sessions take no presence.
	OneShot bool
	// Card is what the session says of itself; nil: nothing.
	Card *peer.Card
	Log  func(string)
}

// CreateOptions is a new mesh. Relay is the relay's address; Token is for a relay that asks for its operator's.
type CreateOptions struct {
	Relay       string
	Name        string
	DisplayName string
	Token       string
}

// JoinOptions is a link, and the name that the new member gives itself.
type JoinOptions struct {
	Link        string
	DisplayName string
}
