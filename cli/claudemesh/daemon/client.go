package daemon

import (
	"context"
	"errors"

	"claudemesh.com/mesh/shared/wire"
)

// Options say which daemon is meant.
type Options struct {
	ConfigDir string // as home.Open takes it
	Version   string // of this program; a daemon of another version makes room for this one
	// Start starts a daemon where none runs. Else a missing one is wire.CodeUnreachable.
	Start bool
	// Embed runs the daemon in this process for as long as the client lives, as CLAUDEMESH_NO_DAEMON asks.
	Embed bool
}

// Client speaks to the daemon over its local socket. Its methods may be called from any goroutine; each has a connection of
// its own, so that one that waits holds up no other.
type Client struct{}

var errUnwritten = errors.New("the daemon is not written yet")

// Connect finds the daemon, or starts it.
func Connect(ctx context.Context, o Options) (*Client, error) { return nil, errUnwritten }

// Close lets go of what the client holds; an embedded daemon ends.
func (c *Client) Close() error { return nil }

// Attachment is a session that the daemon speaks for.
type Attachment struct{}

// Attach makes a session. It goes on by itself when the daemon is lost and found again, until Close or until ctx ends.
func (c *Client) Attach(ctx context.Context, agent Agent) (*Attachment, error) {
	return nil, errUnwritten
}

// Pushes are messages for the session as they come. A push takes nothing: the message stays until a Batch with it is confirmed.
func (a *Attachment) Pushes() <-chan Message { return nil }

// Done is closed when the session has ended for good; Err is why.
func (a *Attachment) Done() <-chan struct{} { return nil }

// Err is why the session ended, or nil.
func (a *Attachment) Err() error { return nil }

// Close ends the session.
func (a *Attachment) Close() error { return nil }

// Take gets messages; see Batch.
func (c *Client) Take(ctx context.Context, t Take) (Batch, error) { return Batch{}, errUnwritten }

// Confirm says that a batch reached the agent: its messages are read, durably, and do not come again.
func (c *Client) Confirm(ctx context.Context, batch uint64) error { return errUnwritten }

// Send sends a message and returns when the relay has it, or when it is kept because the relay is not reached.
func (c *Client) Send(ctx context.Context, s Send) (Sent, error) { return Sent{}, errUnwritten }

// Message is a message of this machine's log, to be told how far it came. id is whole, or 8 digits or more of it.
func (c *Client) Message(ctx context.Context, id string) (wire.MessageID, Sent, error) {
	return wire.MessageID{}, Sent{}, errUnwritten
}

// Peers lists who is in the meshes that the caller's session is in, or in the one named.
func (c *Client) Peers(ctx context.Context, caller Caller, mesh string) ([]MeshPeers, error) {
	return nil, errUnwritten
}

// Change changes a session's card and gives it as it is then; with nothing to change it only gives it. CodeNotFound: the
// caller belongs to no session.
func (c *Client) Change(ctx context.Context, change Change) (SessionCard, error) {
	return SessionCard{}, errUnwritten
}

// Hook tells of an event and gets what is to be printed.
func (c *Client) Hook(ctx context.Context, e HookEvent) (HookAnswer, error) {
	return HookAnswer{}, errUnwritten
}

// Report is what the daemon says of itself.
func (c *Client) Report(ctx context.Context) (Report, error) { return Report{}, errUnwritten }

// Rescan tells the daemon that this machine has other meshes than before, and waits until it holds them.
func (c *Client) Rescan(ctx context.Context) error { return errUnwritten }

// Stop asks the daemon to end, and waits until it has.
func (c *Client) Stop(ctx context.Context) error { return errUnwritten }
