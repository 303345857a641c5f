package driver

import (
	"context"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Mesh is the mesh as it is known now.
func (d *Driver) Mesh() peer.MeshView {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.View()
}

// Subscribe calls listener for each event, one after another, until cancel is called. The listener may call the driver, but not Close.
func (d *Driver) Subscribe(listener func(peer.Event)) (cancel func()) {
	return d.events.subscribe(listener)
}

// WaitLive returns when the device is connected, and every stream that it tails is read to its head and stored.
func (d *Driver) WaitLive(ctx context.Context) error {
	return d.wait(ctx, func() bool { return d.core.Live() })
}

// Flush returns when the outbox is empty: all was accepted or refused.
func (d *Driver) Flush(ctx context.Context) error {
	return d.wait(ctx, func() bool { return d.core.Waiting() == 0 })
}

// Resolve tells what a typed target means now. It never fails: Problem says what is wrong.
func (d *Driver) Resolve(target string) peer.Resolution {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Resolve(target)
}

// Complete suggests targets that begin like prefix.
func (d *Driver) Complete(prefix string) []peer.Suggestion {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Complete(prefix)
}

// Send stores a message in the outbox and returns, connected or not. CodeAmbiguous and CodeNotFound: see Resolve.
func (d *Driver) Send(ctx context.Context, draft peer.Draft) (peer.MessageView, error) {
	var replied []byte
	if !draft.ReplyTo.IsZero() {
		var err error
		if _, replied, err = d.messageRow(ctx, draft.ReplyTo); err != nil && wire.CodeOf(err) != wire.CodeNotFound {
			return peer.MessageView{}, err
		}
	}
	result, err := d.call(ctx, func(ref uint64) peer.Input { return peer.Send{Ref: ref, Draft: draft, Replied: replied} })
	if err != nil {
		return peer.MessageView{}, err
	}
	return *result.Message, nil
}

// Retry seals a failed message again, under a new id. It keeps its place in the conversation.
func (d *Driver) Retry(ctx context.Context, message wire.MessageID) (peer.MessageView, error) {
	_, row, err := d.messageRow(ctx, message)
	if err != nil {
		return peer.MessageView{}, err
	}
	result, err := d.call(ctx, func(ref uint64) peer.Input { return peer.Resend{Ref: ref, Row: row} })
	if err != nil {
		return peer.MessageView{}, err
	}
	return *result.Message, nil
}

// MarkRead says that everything in a conversation was shown: to the senders of direct messages, and to one's own devices.
func (d *Driver) MarkRead(ctx context.Context, conversation peer.ConversationID) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.MarkRead{Ref: ref, Conversation: conversation} })
}

// MarkMessagesRead says of single messages what MarkRead says of a conversation. One of this device to its own member
// was taken by the session here that it names. Others that are not unread, or not here, are passed over.
func (d *Driver) MarkMessagesRead(ctx context.Context, messages []wire.MessageID) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.MarkMessagesRead{Ref: ref, Messages: messages} })
}

// SettleAsk takes a message off MeshView.Asks without an answer, on this device. One that is not among them is passed over.
func (d *Driver) SettleAsk(ctx context.Context, message wire.MessageID) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.Settle{Ref: ref, Message: message} })
}

// Shown is how far the inbox was shown: the Arrival that InboxShown was last called with.
func (d *Driver) Shown() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Shown()
}

// InboxShown moves the inbox's mark, durably, behind the message with this Arrival. It never moves back.
func (d *Driver) InboxShown(ctx context.Context, arrival uint64) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.MarkShown{Ref: ref, Arrival: arrival} })
}

func (d *Driver) do(ctx context.Context, command func(ref uint64) peer.Input) error {
	_, err := d.call(ctx, command)
	return err
}

// CreateInvite makes an invite and returns when the relay has it. It needs a connection.
func (d *Driver) CreateInvite(ctx context.Context, options peer.InviteOptions) (peer.InviteView, error) {
	result, err := d.call(ctx, func(ref uint64) peer.Input { return peer.MakeInvite{Ref: ref, Options: options} })
	if err != nil {
		return peer.InviteView{}, err
	}
	for _, view := range d.Invites() {
		if view.Invite == result.Invite {
			return view, nil
		}
	}
	return peer.InviteView{}, wire.Refuse(wire.CodeNotFound)
}

// Invites are those of the roster, newest first.
func (d *Driver) Invites() []peer.InviteView {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Invites()
}

// RetireInvite withdraws an invite. It needs a connection.
func (d *Driver) RetireInvite(ctx context.Context, invite wire.InviteID) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.Retire{Ref: ref, Invite: invite} })
}

// CreateTopic makes a topic. It needs a connection.
func (d *Driver) CreateTopic(ctx context.Context, name, description string) (peer.TopicView, error) {
	result, err := d.call(ctx, func(ref uint64) peer.Input { return peer.MakeTopic{Ref: ref, Name: name, Description: description} })
	if err != nil {
		return peer.TopicView{}, err
	}
	for _, topic := range d.Mesh().Topics {
		if topic.Topic == result.Topic {
			return topic, nil
		}
	}
	return peer.TopicView{}, wire.Refuse(wire.CodeNotFound)
}

// SetDisplayName gives the own member another name. Without a connection it is kept and told later.
func (d *Driver) SetDisplayName(ctx context.Context, name string) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.Rename{Ref: ref, Name: name} })
}

// SetSession shows a session beside the driver's own, or replaces what it says of itself: at once, on each later connection,
// and until EndSession or until the driver is closed. The relay hears of it a moment later: changes that follow quickly are
// gathered, and the latest wins. Without a connection it is kept. CodeTooLarge: there are wire.MaxSpoken of them.
func (d *Driver) SetSession(ctx context.Context, session wire.SessionID, card peer.Card) error {
	if session.IsZero() {
		return wire.Errorf(wire.CodeMalformed, "A session's id is not zero.")
	}
	return d.do(ctx, func(ref uint64) peer.Input { return peer.ShowCard{Ref: ref, Session: session, Card: card} })
}

// EndSession ends a session that SetSession began: to the others it is offline at once, or when the relay can be told. One
// that is not known is passed over.
func (d *Driver) EndSession(ctx context.Context, session wire.SessionID) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.EndSession{Ref: ref, Session: session} })
}

// SetCard replaces what this session says of itself, as SetSession does for others.
func (d *Driver) SetCard(ctx context.Context, card peer.Card) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.ShowCard{Ref: ref, Card: card} })
}

// Leave takes the own member, with all its devices, out of the mesh. It needs a connection; what is here stays readable.
func (d *Driver) Leave(ctx context.Context) error {
	return d.do(ctx, func(ref uint64) peer.Input { return peer.Depart{Ref: ref} })
}
