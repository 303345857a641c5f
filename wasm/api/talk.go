package api

import (
	"context"
	"errors"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// running is the driver of one of the person's meshes.
func (p *Peer) running(meshID string) (*driver.Driver, error) {
	d, err := p.find(meshID)
	if err != nil {
		return nil, err
	}
	return d.opened()
}

// maxPage bounds how many messages one call gives.
const maxPage = 1000

// Messages are the newest messages of a conversation before a seq (0: the newest), oldest first.
func (p *Peer) Messages(ctx context.Context, meshID string, conversation ConversationID, before uint64, limit int) ([]Message, error) {
	d, err := p.running(meshID)
	if err != nil {
		return nil, err
	}
	if _, _, err := peer.ConversationID(conversation).Parse(); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, wire.Errorf(wire.CodeMalformed, "the limit of messages is 1 or more")
	}
	messages, err := d.Messages(ctx, peer.ConversationID(conversation), before, min(limit, maxPage))
	return list(messages, messageOf), err
}

// Resolve tells what a typed target means now.
func (p *Peer) Resolve(_ context.Context, meshID, target string) (Resolution, error) {
	d, err := p.running(meshID)
	if err != nil {
		return Resolution{}, err
	}
	return resolutionOf(d.Resolve(target)), nil
}

// Complete suggests targets that begin like prefix.
func (p *Peer) Complete(_ context.Context, meshID, prefix string) ([]Suggestion, error) {
	d, err := p.running(meshID)
	if err != nil {
		return nil, err
	}
	return list(d.Complete(prefix), suggestionOf), nil
}

// Send stores a message in the outbox. The target is what a person typed, or a conversation's id.
func (p *Peer) Send(ctx context.Context, options SendOptions) (Message, error) {
	d, err := p.running(options.MeshID)
	if err != nil {
		return Message{}, err
	}
	draft := peer.Draft{Text: options.Text, Type: options.Type}
	if _, _, err := peer.ConversationID(options.Target).Parse(); err == nil {
		draft.Conversation = peer.ConversationID(options.Target)
	} else {
		draft.Target = options.Target
	}
	if draft.Priority, err = wire.ParsePriority(string(options.Priority)); err != nil {
		return Message{}, err
	}
	if options.ReplyTo != "" {
		if err := draft.ReplyTo.UnmarshalText([]byte(options.ReplyTo)); err != nil {
			return Message{}, err
		}
	}
	if options.Session != "" {
		if err := draft.Session.UnmarshalText([]byte(options.Session)); err != nil {
			return Message{}, err
		}
	}
	message, err := d.Send(ctx, draft)
	return messageOf(message), err
}

// Retry seals a failed message again, under a new id.
func (p *Peer) Retry(ctx context.Context, meshID, messageID string) (Message, error) {
	d, err := p.running(meshID)
	if err != nil {
		return Message{}, err
	}
	var id wire.MessageID
	if err := id.UnmarshalText([]byte(messageID)); err != nil {
		return Message{}, err
	}
	message, err := d.Retry(ctx, id)
	return messageOf(message), err
}

// MarkRead says that everything in a conversation was shown.
func (p *Peer) MarkRead(ctx context.Context, meshID string, conversation ConversationID) error {
	d, err := p.running(meshID)
	if err != nil {
		return err
	}
	return d.MarkRead(ctx, peer.ConversationID(conversation))
}

// SettleAsk takes a message off the mesh's asks without an answer.
func (p *Peer) SettleAsk(ctx context.Context, meshID, messageID string) error {
	d, err := p.running(meshID)
	if err != nil {
		return err
	}
	var id wire.MessageID
	if err := id.UnmarshalText([]byte(messageID)); err != nil {
		return err
	}
	return d.SettleAsk(ctx, id)
}

// SaveDraft keeps what the person was typing; an empty text forgets it.
func (p *Peer) SaveDraft(ctx context.Context, meshID string, conversation ConversationID, text string) error {
	d, err := p.running(meshID)
	if err != nil {
		return err
	}
	return d.SaveDraft(ctx, peer.ConversationID(conversation), text)
}

// Draft is what SaveDraft kept.
func (p *Peer) Draft(ctx context.Context, meshID string, conversation ConversationID) (string, error) {
	d, err := p.running(meshID)
	if err != nil {
		return "", err
	}
	return d.Draft(ctx, peer.ConversationID(conversation))
}

// forward tells the page what a driver tells. Demo agents' affairs are their own.
func (p *Peer) forward(d *device, event peer.Event) {
	if event.Kind == peer.EventStorage && event.Problem.Code == wire.CodeInUse {
		// Another program has opened the store. This one may change nothing any more, and would only try for ever.
		p.tell(superseded())
		d.stop()
		return
	}
	if d.registered().isAgent() {
		return
	}
	mesh := event.Mesh.String()
	switch event.Kind {
	case peer.EventMesh:
		p.tell(meshChanged(mesh))
		p.alive.Go(func() { p.follow(d) })
	case peer.EventMessage:
		p.tell(messageChanged(mesh, messageOf(*event.Message), event.IsNew))
	case peer.EventConnection:
		p.tell(connectionChanged(mesh, Connection(event.Connection), problemOf(event.Problem)))
	case peer.EventStorage:
		p.tell(storageFailed(*problemOf(event.Problem)))
	}
}

// follow registers a mesh's present names and role, for when the mesh itself cannot be read. A failure is met again with the
// mesh's next change.
func (p *Peer) follow(d *device) {
	running, err := d.opened()
	if err != nil {
		return
	}
	view := running.Mesh()
	err = p.change(p.life, d, func(e *entry) {
		e.MeshName, e.DisplayName, e.Role = view.Name, view.DisplayName, Role(view.Role.String())
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		p.platform.Log("registering a mesh's name: " + err.Error())
	}
}
