package verb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// patience is how long a verb waits for the relay before it goes on with what is stored here.
const patience = 10 * time.Second

// session is what others see of a command while it runs.
type session int

const (
	passing session = iota // nothing: it ends soon
	person
	agent
)

// sessionOf is that of a verb which lasts, or does not.
func sessionOf(lasts, isAgent bool) session {
	switch {
	case !lasts:
		return passing
	case isAgent:
		return agent
	}
	return person
}

// device is a driver and what it rests on.
type device struct {
	*driver.Driver
	store *kv.Store
	// ended is closed when Run has returned; failure is why.
	ended   chan struct{}
	failure error
	cancel  context.CancelFunc
}

// hostOf is what a driver needs, for the device of a folder. The caller closes the store.
func (c *call) hostOf(folder home.Folder, as session) (driver.Host, *kv.Store, error) {
	keys, err := folder.Keys()
	if err != nil {
		return driver.Host{}, nil, err
	}
	store, err := folder.Store()
	if err != nil {
		return driver.Host{}, nil, err
	}
	host := driver.Host{
		Store: store, Keys: keys, Dialer: dial.Relay{}, HTTP: dial.Relay{}, Now: time.Now, Entropy: rand.Reader, OneShot: as == passing,
	}
	rand.Read(host.Session[:])
	if as != passing {
		name, _ := os.Hostname()
		kind := peer.KindPerson
		if as == agent {
			kind = peer.KindAgent
		}
		host.Card = &peer.Card{Kind: kind, Status: peer.StatusIdle, Host: name, Client: "claudemesh " + c.Version}
	}
	return host, store, nil
}

// open loads a folder's device without connecting.
func (c *call) open(ctx context.Context, folder home.Folder, as session) (*device, error) {
	host, store, err := c.hostOf(folder, as)
	if err != nil {
		return nil, err
	}
	d, err := driver.Open(ctx, host)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &device{Driver: d, store: store}, nil
}

// connect begins to run the driver.
func (d *device) connect(ctx context.Context) {
	ctx, d.cancel = context.WithCancel(ctx)
	d.ended = make(chan struct{})
	go func() {
		defer close(d.ended)
		d.failure = d.Run(ctx)
	}()
}

// close says goodbye to the relay and closes the store.
func (d *device) close() {
	if d.cancel != nil {
		d.Driver.Close()
		d.cancel()
		<-d.ended
	}
	d.store.Close()
}

// live waits until everything that the relay has is stored here, at most for patience. The error is why not: what ended the
// driver, or the first problem that it met. A relay that cannot be reached is not waited for.
func (d *device) live(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, wire.Refuse(wire.CodeUnreachable))
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer d.Subscribe(func(e peer.Event) {
		if e.Kind == peer.EventConnection && e.Problem != nil {
			fail(e.Problem)
		}
	})()
	if problem := d.Mesh().Problem; problem != nil {
		fail(problem)
	}
	err := d.await(ctx, d.WaitLive)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// flushPatience is how long a verb that has connected waits for what earlier ones kept.
const flushPatience = 5 * time.Second

// unreached is why the device has no connection just now, or nil where it has one.
func (d *device) unreached() error {
	view := d.Mesh()
	switch {
	case view.Connection == peer.Connected:
		return nil
	case view.Problem != nil:
		return view.Problem
	}
	return wire.Refuse(wire.CodeUnreachable)
}

// sendKept lets what earlier verbs kept go out, where this one has reached the relay.
func (d *device) sendKept(ctx context.Context) {
	view := d.Mesh()
	if view.Waiting == 0 || view.Connection != peer.Connected {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushPatience)
	defer cancel()
	_ = d.await(ctx, d.Flush) // what does not go out now is kept as before
}

// await runs wait until it returns or the driver ends.
func (d *device) await(ctx context.Context, wait func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := wait(ctx)
	select {
	case <-d.ended:
		if d.failure != nil {
			return d.failure
		}
	default:
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return wire.Refuse(wire.CodeUnreachable)
	}
	return err
}

// choose finds the folder that --mesh names, or the only one there is.
func (c *call) choose(ctx context.Context) (home.Folder, error) {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return home.Folder{}, err
	}
	folders, err := h.Folders()
	if err != nil {
		return home.Folder{}, err
	}
	var found []home.Folder
	var names []string
	for _, folder := range folders {
		view, err := c.view(ctx, folder)
		if wire.CodeOf(err) == wire.CodeNotFound {
			continue // made or joined only halfway: the same create or join goes on with it
		}
		if err != nil {
			return home.Folder{}, err
		}
		if want := c.grammar.Mesh; want != "" && want != view.Name && !(len(want) >= 8 && strings.HasPrefix(view.Mesh.String(), strings.ToLower(want))) {
			continue
		}
		found, names = append(found, folder), append(names, fmt.Sprintf("%s (%s)", clean(view.Name), view.Mesh.String()[:8]))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return home.Folder{}, wire.Errorf(wire.CodeAmbiguous, "There are several meshes: %s. Choose one with --mesh.", strings.Join(names, ", "))
	case c.grammar.Mesh != "":
		return home.Folder{}, wire.Errorf(wire.CodeNotFound, "There is no mesh %q on this machine. \"claudemesh list\" shows those that there are.", c.grammar.Mesh)
	}
	return home.Folder{}, wire.Errorf(wire.CodeNotFound, "There is no mesh on this machine yet. Begin with \"claudemesh join LINK\" or \"claudemesh create NAME --relay URL\".")
}

// view reads a mesh as it was last known, without connecting and without the device's lock.
func (c *call) view(ctx context.Context, folder home.Folder) (peer.MeshView, error) {
	d, err := c.open(ctx, folder, passing)
	if err != nil {
		return peer.MeshView{}, err
	}
	defer d.close()
	return d.Mesh(), nil
}
