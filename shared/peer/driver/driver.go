package driver

import (
	"context"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Driver is one device in one mesh. Its methods may be called from any goroutine.
type Driver struct{}

// SoftwareKeys are the keys kept in the store itself, made there if there are none yet. Hosts with a better place for a
// private key do not use it.
func SoftwareKeys(ctx context.Context, host Host) (identity.Keys, error) { panic("soon") }

// Create makes a mesh on a relay, with this device as its owner. It stores before it sends: called again after a crash
// or a lost connection, it makes the same mesh.
func Create(ctx context.Context, host Host, options CreateOptions) error { panic("soon") }

// Preview looks an invite up and opens its preview. It claims nothing.
func Preview(ctx context.Context, http HTTP, link string) (peer.InvitePreview, error) { panic("soon") }

// Join claims an invite and verifies what the relay answers; it returns when the mesh is trusted. What it sends is stored
// first: called again after a crash or a lost connection, with the same link, it goes on where it stood.
func Join(ctx context.Context, host Host, options JoinOptions) error { panic("soon") }

// Open loads a device from its store. It starts nothing. CodeNotFound: the store holds no mesh.
func Open(ctx context.Context, host Host) (*Driver, error) { panic("soon") }

// Run connects and stays connected until ctx ends (nil), or until the device may not come back: *wire.Error with
// CodeRemoved, CodeBadRoster, CodeSuperseded, CodeWrongOrigin, CodeUnknownDevice, CodeUnknownMesh, CodeBadEnrollment or CodeStorage.
func (d *Driver) Run(ctx context.Context) error { panic("soon") }

// Wake connects now instead of waiting for the back-off.
func (d *Driver) Wake() { panic("soon") }

// Mesh is the mesh as it is known now.
func (d *Driver) Mesh() peer.MeshView { panic("soon") }

// Subscribe calls listener for each event, one after another, until cancel is called. The listener may call the driver.
func (d *Driver) Subscribe(listener func(peer.Event)) (cancel func()) { panic("soon") }

// WaitLive returns when the device is connected, and every stream that it tails is read to its head and stored.
func (d *Driver) WaitLive(ctx context.Context) error { panic("soon") }

// Flush returns when the outbox is empty: all was accepted or refused.
func (d *Driver) Flush(ctx context.Context) error { panic("soon") }

// Resolve tells what a typed target means now. It never fails: Problem says what is wrong.
func (d *Driver) Resolve(target string) peer.Resolution { panic("soon") }

// Complete suggests targets that begin like prefix.
func (d *Driver) Complete(prefix string) []peer.Suggestion { panic("soon") }

// Send stores a message in the outbox and returns, connected or not. CodeAmbiguous and CodeNotFound: see Resolve.
func (d *Driver) Send(ctx context.Context, draft peer.Draft) (peer.MessageView, error) {
	panic("soon")
}

// Retry seals a failed message again, under a new id; its place in the conversation is new too.
func (d *Driver) Retry(ctx context.Context, message wire.MessageID) (peer.MessageView, error) {
	panic("soon")
}

// Message is one message of the log, or CodeNotFound.
func (d *Driver) Message(ctx context.Context, message wire.MessageID) (peer.MessageView, error) {
	panic("soon")
}

// Messages are the newest limit messages of a conversation before a seq (0: the newest), oldest first.
func (d *Driver) Messages(ctx context.Context, conversation peer.ConversationID, before uint64, limit int) ([]peer.MessageView, error) {
	panic("soon")
}

// Log is all that this device can open, in the order in which it came to be here, own messages and gaps included: at most
// limit messages with an Arrival above after.
func (d *Driver) Log(ctx context.Context, after uint64, limit int) ([]peer.MessageView, error) {
	panic("soon")
}

// Inbox is what others sent since this device joined and InboxShown has not passed: at most limit messages.
func (d *Driver) Inbox(ctx context.Context, limit int) ([]peer.MessageView, error) { panic("soon") }

// InboxShown moves the inbox's mark, durably, behind the message with this Arrival. It never moves back.
func (d *Driver) InboxShown(ctx context.Context, arrival uint64) error { panic("soon") }

// MarkRead says that everything in a conversation was shown: to the senders of direct messages, and to one's own devices.
func (d *Driver) MarkRead(ctx context.Context, conversation peer.ConversationID) error { panic("soon") }

// CreateInvite makes an invite and returns when the relay has it. It needs a connection.
func (d *Driver) CreateInvite(ctx context.Context, options peer.InviteOptions) (peer.InviteView, error) {
	panic("soon")
}

// Invites are those of the roster, newest first.
func (d *Driver) Invites() []peer.InviteView { panic("soon") }

// RetireInvite withdraws an invite. It needs a connection.
func (d *Driver) RetireInvite(ctx context.Context, invite wire.InviteID) error { panic("soon") }

// CreateTopic makes a topic. It needs a connection.
func (d *Driver) CreateTopic(ctx context.Context, name, description string) (peer.TopicView, error) {
	panic("soon")
}

// SetDisplayName gives the own member another name. Without a connection it is kept and told later.
func (d *Driver) SetDisplayName(ctx context.Context, name string) error { panic("soon") }

// SetCard replaces what this session says of itself.
func (d *Driver) SetCard(ctx context.Context, card peer.Card) error { panic("soon") }

// Leave takes the own member, with all its devices, out of the mesh. It needs a connection; what is here stays readable.
func (d *Driver) Leave(ctx context.Context) error { panic("soon") }

// SaveDraft keeps what the person was typing; an empty text forgets it.
func (d *Driver) SaveDraft(ctx context.Context, conversation peer.ConversationID, text string) error {
	panic("soon")
}

// Draft is what SaveDraft kept.
func (d *Driver) Draft(ctx context.Context, conversation peer.ConversationID) (string, error) {
	panic("soon")
}

// Close ends a session without waiting for Run, which returns. The store stays open: it is the host's.
func (d *Driver) Close() error { panic("soon") }
