package api

import (
	"context"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// SetDisplayName gives the person another name in a mesh.
func (p *Peer) SetDisplayName(ctx context.Context, meshID, name string) error {
	d, err := p.running(meshID)
	if err != nil {
		return err
	}
	return d.SetDisplayName(ctx, name)
}

// CreateTopic makes a topic and returns when the relay has it.
func (p *Peer) CreateTopic(ctx context.Context, meshID, name, description string) (Topic, error) {
	d, err := p.running(meshID)
	if err != nil {
		return Topic{}, err
	}
	var topic peer.TopicView
	err = ask(ctx, d, func(ctx context.Context) (err error) {
		topic, err = d.CreateTopic(ctx, name, description)
		return err
	})
	return topicOf(topic), err
}

// CreateInvite makes an invite and returns when the relay has it. What is not said is as peer.InviteOptions says.
func (p *Peer) CreateInvite(ctx context.Context, options CreateInviteOptions) (Invite, error) {
	d, err := p.running(options.MeshID)
	if err != nil {
		return Invite{}, err
	}
	wanted := peer.InviteOptions{Uses: options.Uses, Seconds: options.ExpiresInSeconds}
	if options.Role != "" {
		if wanted.Role, err = wire.ParseRole(string(options.Role)); err != nil {
			return Invite{}, err
		}
	}
	var made peer.InviteView
	err = ask(ctx, d, func(ctx context.Context) (err error) {
		made, err = d.CreateInvite(ctx, wanted)
		return err
	})
	if err != nil {
		return Invite{}, err
	}
	return inviteOf(made)
}

// Invites are those of the mesh, newest first.
func (p *Peer) Invites(_ context.Context, meshID string) ([]Invite, error) {
	d, err := p.running(meshID)
	if err != nil {
		return nil, err
	}
	views := []Invite{}
	for _, v := range d.Invites() {
		view, err := inviteOf(v)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// RetireInvite withdraws an invite and returns when the relay has that.
func (p *Peer) RetireInvite(ctx context.Context, meshID, inviteID string) error {
	d, err := p.running(meshID)
	if err != nil {
		return err
	}
	var id wire.InviteID
	if err := id.UnmarshalText([]byte(inviteID)); err != nil {
		return err
	}
	return ask(ctx, d, func(ctx context.Context) error { return d.RetireInvite(ctx, id) })
}

// SetStatus says what the person is doing, now and after the next start.
func (p *Peer) SetStatus(ctx context.Context, meshID string, status Status, summary string) error {
	d, err := p.find(meshID)
	if err != nil {
		return err
	}
	running, err := d.opened()
	if err != nil {
		return err
	}
	switch peer.Status(status) {
	case peer.StatusIdle, peer.StatusWorking, peer.StatusNeedsApproval, peer.StatusDND:
	default:
		return wire.Errorf(wire.CodeMalformed, "%q is no status: idle, working, needs-approval or dnd", string(status))
	}
	err = p.change(ctx, d, func(e *entry) { e.Status, e.Summary = status, summary })
	if err != nil {
		return err
	}
	return running.SetCard(ctx, p.card(d.registered()))
}
