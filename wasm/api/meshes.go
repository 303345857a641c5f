package api

import (
	"context"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// Meshes are the person's meshes, in the order in which they came to be here. One that is only being made is not among them:
// it has no id yet.
func (p *Peer) Meshes(context.Context) ([]MeshSummary, error) {
	if p.list() == nil {
		return nil, errNotStarted
	}
	meshes := []MeshSummary{}
	for _, d := range p.all() {
		if e := d.registered(); e.Mesh != "" && !e.isAgent() {
			meshes = append(meshes, d.summary())
		}
	}
	return meshes, nil
}

// Mesh is one mesh with its members, topics and direct conversations; these lists are empty before it was joined.
func (p *Peer) Mesh(_ context.Context, meshID string) (MeshState, error) {
	d, err := p.find(meshID)
	if err != nil {
		return MeshState{}, err
	}
	state := MeshState{Members: []Member{}, Topics: []Topic{}, Directs: []Direct{}}
	if running, err := d.opened(); err == nil {
		state = stateOf(running.Mesh())
	}
	state.MeshSummary = d.summary()
	return state, nil
}

// CreateMesh makes a mesh on the page's relay and returns when it is there.
func (p *Peer) CreateMesh(ctx context.Context, options CreateMeshOptions) (MeshSummary, error) {
	if p.list() == nil {
		return MeshSummary{}, errNotStarted
	}
	d, wait, err := p.createOrGoOn(ctx, options)
	if err != nil {
		return MeshSummary{}, err
	}
	if err := wait(ctx); err != nil {
		return MeshSummary{}, err
	}
	return d.summary(), nil
}

// createOrGoOn takes up a mesh of the same names that was begun and is not made yet. Any other that could not be made is
// given up: the person wants another one now.
func (p *Peer) createOrGoOn(ctx context.Context, options CreateMeshOptions) (*device, func(context.Context) error, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	for _, d := range p.all() {
		e := d.registered()
		if e.Stage != stageCreating {
			continue
		}
		if e.MeshName == options.Name && e.DisplayName == options.DisplayName && e.Relay == p.relay {
			wait := d.attempt()
			d.useToken(options.Token)
			d.wake()
			return d, wait, nil
		}
		if d.hasFailed() {
			if err := p.forget(ctx, d); err != nil {
				return nil, nil, err
			}
		}
	}
	return p.add(ctx, entry{
		Stage: stageCreating, MeshName: options.Name, DisplayName: options.DisplayName, Relay: p.relay, Role: roleOwner,
	}, options.Token)
}

var roleOwner = Role(wire.RoleOwner.String())

// PreviewInvite shows what an invite is to, without claiming it.
func (p *Peer) PreviewInvite(ctx context.Context, link string) (InvitePreview, error) {
	if p.list() == nil {
		return InvitePreview{}, errNotStarted
	}
	view, err := driver.Preview(ctx, p.platform.HTTP, link)
	if err != nil {
		return InvitePreview{}, err
	}
	preview := previewOf(view)
	if d, err := p.find(preview.MeshID); err == nil {
		preview.AlreadyIn = d.registered().Stage == stageMember
	}
	return preview, nil
}

// JoinMesh claims an invite and returns when the mesh is joined. A claim that was begun goes on, with the name that was
// given first.
func (p *Peer) JoinMesh(ctx context.Context, options JoinMeshOptions) (MeshSummary, error) {
	if p.list() == nil {
		return MeshSummary{}, errNotStarted
	}
	parsed, err := invite.ParseLink(options.Link)
	if err != nil {
		return MeshSummary{}, err
	}
	link := parsed.String()
	d, wait := p.goOnJoining(link)
	if d == nil {
		preview, err := p.PreviewInvite(ctx, link)
		if err != nil {
			return MeshSummary{}, err
		}
		if d, wait, err = p.joinAnew(ctx, link, options.DisplayName, preview); err != nil {
			return MeshSummary{}, err
		}
	}
	if err := wait(ctx); err != nil {
		return MeshSummary{}, err
	}
	return d.summary(), nil
}

// goOnJoining finds the claim of an invite that was begun, and has it tried again now; nil where there is none.
func (p *Peer) goOnJoining(link string) (*device, func(context.Context) error) {
	for _, d := range p.all() {
		if e := d.registered(); e.Stage == stageJoining && e.Link == link && !e.isAgent() {
			wait := d.attempt()
			d.wake()
			return d, wait
		}
	}
	return nil, nil
}

func (p *Peer) joinAnew(ctx context.Context, link, displayName string, preview InvitePreview) (*device, func(context.Context) error, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	// Another tab may have begun the same meanwhile.
	if d, wait := p.goOnJoining(link); d != nil {
		return d, wait, nil
	}
	if known, err := p.find(preview.MeshID); err == nil {
		if known.registered().Stage == stageMember && !known.removed() {
			return nil, nil, wire.Errorf(wire.CodeAlreadyJoined, "This browser is already in %s.", preview.MeshName)
		}
		// A new device takes the place of one that was removed or lost, or of a claim by another invite.
		if err := p.forget(ctx, known); err != nil {
			return nil, nil, err
		}
	}
	return p.add(ctx, entry{
		Stage: stageJoining, Mesh: preview.MeshID, MeshName: preview.MeshName, DisplayName: displayName, Role: preview.Role,
		Relay: preview.Relay, Link: link,
	}, "")
}

// LeaveMesh takes the person, and the demo agents, out of a mesh, and deletes what is here of it.
func (p *Peer) LeaveMesh(ctx context.Context, meshID string) error {
	d, err := p.find(meshID)
	if err != nil {
		return err
	}
	if err := p.depart(ctx, d); err != nil {
		return err
	}
	for _, agent := range p.agents(meshID) {
		// The person has left; an agent that cannot say so is gone all the same.
		_ = p.depart(ctx, agent)
	}
	return p.ForgetMesh(ctx, meshID)
}

// ForgetMesh deletes what is here of a mesh, the demo agents too, and tells the mesh nothing: its last owner cannot leave it,
// and a relay that is gone for good hears of nobody.
func (p *Peer) ForgetMesh(ctx context.Context, meshID string) error {
	d, err := p.find(meshID)
	if err != nil {
		return err
	}
	for _, agent := range p.agents(meshID) {
		if err := p.forget(ctx, agent); err != nil {
			return err
		}
	}
	return p.forget(ctx, d)
}

// depart tells a mesh that a device's member leaves; there is nothing to tell where it is none, or none any more.
func (p *Peer) depart(ctx context.Context, d *device) error {
	running, err := d.opened()
	if err != nil || d.removed() {
		return nil
	}
	err = ask(ctx, running, running.Leave)
	if wire.CodeOf(err) == wire.CodeRemoved {
		return nil
	}
	return err
}

// Wake has every mesh connect now, and every attempt to join one be made now.
func (p *Peer) Wake(context.Context) error {
	for _, d := range p.all() {
		d.wake()
	}
	return nil
}
