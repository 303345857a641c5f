package api

import (
	"context"
	"sync"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// Peer is the browser peer. Its methods may be called from any goroutine.
type Peer struct {
	platform Platform
	tell     func(Event)
	// life is the program's; alive are the goroutines in it.
	life  context.Context
	alive sync.WaitGroup

	// starting is held while the register is opened, and while a device is added, so that none is added twice.
	starting sync.Mutex

	mu       sync.Mutex
	register *register
	relay    string
	build    string
	devices  map[string]*device

	// marking is held while the marker is made and told, so that the last one told is the newest.
	marking sync.Mutex
	marker  string
}

// New makes a peer that does nothing before Start. It lives until ctx ends; Wait then waits for what it began. tell is
// called for every event, from any goroutine; it must not call the peer.
func New(ctx context.Context, platform Platform, tell func(Event)) *Peer {
	return &Peer{platform: platform, tell: tell, life: ctx, devices: map[string]*device{}}
}

// Wait returns when every goroutine has ended and every store is closed, after the end of New's context.
func (p *Peer) Wait() error {
	p.alive.Wait()
	if r := p.list(); r != nil {
		return r.store.Close()
	}
	return nil
}

// Start opens the register and every device in it, and connects them. Started again it changes nothing.
func (p *Peer) Start(ctx context.Context, options StartOptions) (Started, error) {
	began := p.platform.Now()
	p.starting.Lock()
	defer p.starting.Unlock()
	if p.list() == nil {
		if err := p.open(ctx, options); err != nil {
			return Started{}, err
		}
	}
	return Started{
		Version:   p.platform.Version,
		Build:     p.build,
		Persisted: p.platform.Persisted(ctx),
		StartMs:   p.platform.Now().Sub(began).Milliseconds(),
	}, nil
}

func (p *Peer) open(ctx context.Context, options StartOptions) error {
	if _, err := wire.CanonicalOrigin(options.Relay); err != nil {
		return err
	}
	register, entries, err := openRegister(ctx, p.platform.Storage, p.platform.Entropy)
	if err != nil {
		return err
	}
	lost, err := register.lost(ctx, options.Marker, p.platform.Now().UnixMilli(), p.newName)
	if err != nil {
		_ = register.store.Close()
		return err
	}
	devices := map[string]*device{}
	for _, e := range append(entries, lost...) {
		if devices[e.name], err = p.newDevice(e); err != nil {
			_ = register.store.Close()
			return err
		}
	}
	p.mu.Lock()
	p.register, p.relay, p.build, p.devices = register, options.Relay, options.Build, devices
	p.mu.Unlock()
	if len(lost) > 0 {
		p.tell(storageFailed(*problemOf(ErrGone)))
	}
	p.mark()
	p.openAll(ctx)
	return nil
}

// openAll begins every device, and waits until each that was a member is one again, so that the first list of meshes is whole.
func (p *Peer) openAll(ctx context.Context) {
	var opened []func(context.Context) error
	for _, d := range p.all() {
		switch e := d.registered(); {
		case e.Stage == stageLost:
			close(d.ended)
			continue
		case e.Stage == stageMember && !e.isAgent():
			opened = append(opened, d.attempt())
		}
		p.begin(d)
	}
	for _, wait := range opened {
		// One that failed is in the list with its problem.
		_ = wait(ctx)
	}
}

func (p *Peer) newName() (string, error) {
	name, err := randomName(p.platform.Entropy)
	return string(name), err
}

var errNotStarted = wire.Errorf(wire.CodeUnavailable, "The page has not started the peer yet.")

// list is the register, or nil before Start.
func (p *Peer) list() *register {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.register
}

// all are the devices in the order of their entries.
func (p *Peer) all() []*device {
	p.mu.Lock()
	devices := make([]*device, 0, len(p.devices))
	for _, d := range p.devices {
		devices = append(devices, d)
	}
	p.mu.Unlock()
	order.By(devices, func(a, b *device) int { return older(a.registered(), b.registered()) })
	return devices
}

// find is the person's device of a mesh.
func (p *Peer) find(meshID string) (*device, error) {
	if p.list() == nil {
		return nil, errNotStarted
	}
	for _, d := range p.all() {
		if e := d.registered(); e.Mesh == meshID && meshID != "" && !e.isAgent() {
			return d, nil
		}
	}
	return nil, wire.Errorf(wire.CodeUnknownMesh, "This browser is not in this mesh.")
}

// mark has the page keep a new marker where the meshes changed.
func (p *Peer) mark() {
	p.marking.Lock()
	defer p.marking.Unlock()
	var entries []entry
	for _, d := range p.all() {
		entries = append(entries, d.registered())
	}
	if text, err := p.list().marker(entries); err == nil && text != p.marker {
		p.marker = text
		p.tell(markerChanged(text))
	}
}
