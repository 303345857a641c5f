package api

import (
	"context"
	"slices"
	"sync"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/demo"
)

// inviteSeconds is how long the demo agents' invite is open, for a claim that is interrupted.
const inviteSeconds = 60 * 60

// AddDemoAgents brings the demo agents that are not in a mesh into it, by an invite like anyone, and returns when they have
// joined.
func (p *Peer) AddDemoAgents(ctx context.Context, meshID string) error {
	running, err := p.running(meshID)
	if err != nil {
		return err
	}
	waits, err := p.addAgents(ctx, meshID, running)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for _, wait := range waits {
		if err := wait(ctx); err != nil {
			return inTime(err)
		}
	}
	return nil
}

func (p *Peer) addAgents(ctx context.Context, meshID string, running *driver.Driver) (waits []func(context.Context) error, err error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	missing := slices.Clone(demo.Names[:])
	for _, agent := range p.agents(meshID) {
		name := agent.registered().Agent
		missing = slices.DeleteFunc(missing, func(n string) bool { return n == name })
		waits = append(waits, agent.attempt())
		agent.wake()
	}
	if len(missing) == 0 {
		return waits, nil
	}
	var invite peer.InviteView
	err = ask(ctx, running, func(ctx context.Context) (err error) {
		invite, err = running.CreateInvite(ctx, peer.InviteOptions{Role: wire.RoleMember, Uses: len(missing), Seconds: inviteSeconds})
		return err
	})
	if err != nil {
		return nil, err
	}
	view := running.Mesh()
	for _, name := range missing {
		_, wait, err := p.add(ctx, entry{
			Stage: stageJoining, Mesh: meshID, MeshName: view.Name, DisplayName: name, Role: Role(wire.RoleMember.String()),
			Relay: view.Relay, Link: invite.Link, Agent: name,
		}, "")
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait)
	}
	return waits, nil
}

// agents are the demo agents' devices in a mesh.
func (p *Peer) agents(meshID string) []*device {
	return slices.DeleteFunc(p.all(), func(d *device) bool {
		e := d.registered()
		return !e.isAgent() || e.Mesh != meshID
	})
}

// runAgent runs a demo agent's driver, and the agent over it, until the driver ends.
func runAgent(ctx context.Context, name string, running *driver.Driver) error {
	ctx, stop := context.WithCancel(ctx)
	agent := demo.New(running, name)
	var working sync.WaitGroup
	working.Go(func() { agent.Run(ctx) })
	err := running.Run(ctx)
	stop()
	working.Wait()
	return err
}
