package api

import (
	"context"
	"errors"
	"fmt"
	"io"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/demo"
)

// enter makes the device a member where it is none yet, registers that, and loads it from its store. What it sends is
// stored before, so that it may be called again after any failure.
func (p *Peer) enter(ctx context.Context, d *device, stored Device) (*driver.Driver, error) {
	d.mu.Lock()
	e, token := d.entry, d.token
	d.mu.Unlock()
	host := p.host(e, d.session, stored)
	var err error
	switch e.Stage {
	case stageCreating:
		err = driver.Create(ctx, host, driver.CreateOptions{Relay: e.Relay, Name: e.MeshName, DisplayName: e.DisplayName, Token: token})
		if wire.CodeOf(err) == wire.CodeAlreadyJoined {
			err = nil // it was made, and the register did not come to hear of it
		}
	case stageJoining:
		err = driver.Join(ctx, host, driver.JoinOptions{Link: e.Link, DisplayName: e.DisplayName})
	}
	if err != nil {
		return nil, err
	}
	running, err := driver.Open(ctx, host)
	if err != nil {
		return nil, err
	}
	view := running.Mesh()
	err = p.change(ctx, d, func(e *entry) {
		e.Stage, e.Link, e.Mesh = stageMember, "", view.Mesh.String()
	})
	if err != nil {
		return nil, errors.Join(err, running.Close())
	}
	return running, nil
}

func (p *Peer) host(e entry, session wire.SessionID, stored Device) driver.Host {
	card := p.card(e)
	if e.isAgent() {
		card = demo.Card(e.Agent)
	}
	return driver.Host{
		Store: stored.Store, Keys: stored.Keys, Dialer: p.platform.Dialer, HTTP: p.platform.HTTP, Now: p.platform.Now,
		Entropy: p.platform.Entropy, Session: session, Card: &card, Log: p.platform.Log,
	}
}

// card is what the person's session says of itself.
func (p *Peer) card(e entry) peer.Card {
	status := peer.Status(e.Status)
	if status == "" {
		status = peer.StatusIdle
	}
	return peer.Card{Kind: peer.KindPerson, Status: status, Summary: e.Summary, Client: p.platform.Client}
}

func (p *Peer) newDevice(e entry) (*device, error) {
	var session wire.SessionID
	if _, err := io.ReadFull(p.platform.Entropy, session[:]); err != nil {
		return nil, fmt.Errorf("drawing a session id: %w", err)
	}
	return newDevice(p.life, e, session), nil
}

// add registers a device and begins it; wait gives how its first attempt ended.
func (p *Peer) add(ctx context.Context, e entry, token string) (d *device, wait func(context.Context) error, err error) {
	if e.name, err = p.newName(); err != nil {
		return nil, nil, err
	}
	e.Since = p.platform.Now().UnixMilli()
	if d, err = p.newDevice(e); err != nil {
		return nil, nil, err
	}
	d.token = token
	if err := p.list().save(ctx, e); err != nil {
		d.stop()
		return nil, nil, err
	}
	p.mu.Lock()
	p.devices[e.name] = d
	p.mu.Unlock()
	wait = d.attempt()
	p.begin(d)
	p.mark()
	p.tell(meshesChanged())
	return d, wait, nil
}

// change changes a device's entry, durably.
func (p *Peer) change(ctx context.Context, d *device, edit func(*entry)) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	before := d.registered()
	after := before
	if edit(&after); after == before || d.erased {
		return nil
	}
	if err := p.list().save(ctx, after); err != nil {
		return err
	}
	d.mu.Lock()
	d.entry = after
	d.mu.Unlock()
	p.mark()
	return nil
}

// lose registers that the browser deleted a device's store. The mesh stays listed until the person has it deleted.
func (p *Peer) lose(ctx context.Context, d *device) error {
	if d.registered().isAgent() {
		return p.erase(ctx, d)
	}
	return p.change(ctx, d, func(e *entry) { e.Stage = stageLost })
}

// erase deletes what there is of a device whose store is closed. What cannot be deleted now is registered still, and so is
// met again at the next start.
func (p *Peer) erase(ctx context.Context, d *device) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	name := d.registered().name
	if err := p.platform.Storage.Delete(ctx, name); err != nil {
		return err
	}
	if err := p.list().remove(ctx, name); err != nil {
		return err
	}
	d.erased = true
	p.mu.Lock()
	delete(p.devices, name)
	p.mu.Unlock()
	p.mark()
	p.tell(meshesChanged())
	return nil
}

// forget ends a device and deletes what there is of it.
func (p *Peer) forget(ctx context.Context, d *device) error {
	d.stop()
	<-d.ended
	return p.erase(ctx, d)
}
