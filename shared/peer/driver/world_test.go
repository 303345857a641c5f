//go:build !js

package driver_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is a host with a store of its own.
type device struct {
	t    *testing.T
	name string
	host driver.Host
	*driver.Driver
	ran chan error
	end context.CancelFunc
}

func newDevice(t *testing.T, name string) *device {
	t.Helper()
	d := &device{t: t, name: name, host: driver.Host{
		Store: driver.NewMemory(), Dialer: dial.Relay{}, HTTP: dial.Relay{}, Now: time.Now, Entropy: rand.Reader,
		Log: func(line string) { t.Logf("%s: %s", name, line) },
	}}
	rand.Read(d.host.Session[:])
	keys, err := driver.SoftwareKeys(t.Context(), d.host)
	if err != nil {
		t.Fatal(err)
	}
	d.host.Keys = keys
	return d
}

// limit is how long a test waits for what must come.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// run opens the device and keeps it connected until the test ends or stop is called.
func (d *device) run() {
	d.t.Helper()
	var err error
	if d.Driver, err = driver.Open(d.t.Context(), d.host); err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.end, d.ran = cancel, make(chan error, 1)
	go func(run func(context.Context) error, ran chan error) { ran <- run(ctx) }(d.Run, d.ran)
	d.t.Cleanup(func() { d.stop() })
}

// live waits until the device has read everything.
func (d *device) live() {
	d.t.Helper()
	if err := d.WaitLive(limit(d.t)); err != nil {
		d.t.Fatalf("%s is not live: %v", d.name, err)
	}
}

func (d *device) stop() error {
	if d.end == nil {
		return nil
	}
	d.end()
	err := <-d.ran
	_ = d.Driver.Close()
	d.end = nil
	return err
}

func (d *device) send(target, text string) peer.MessageView {
	d.t.Helper()
	m, err := d.Send(d.t.Context(), peer.Draft{Target: target, Text: text})
	if err != nil {
		d.t.Fatalf("%s sends to %s: %v", d.name, target, err)
	}
	return m
}

// until waits until reached is true, looking again after every event.
func (d *device) until(what string, reached func() bool) {
	d.t.Helper()
	moved := make(chan struct{}, 1)
	cancel := d.Subscribe(func(peer.Event) {
		select {
		case moved <- struct{}{}:
		default:
		}
	})
	defer cancel()
	ctx := limit(d.t)
	for !reached() {
		select {
		case <-moved:
		case <-ctx.Done():
			d.t.Fatalf("%s: it did not come to this: %s; %+v", d.name, what, d.Mesh().Problem)
		}
	}
}

// texts are what a conversation holds here.
func (d *device) texts(conversation peer.ConversationID) (texts []string) {
	d.t.Helper()
	messages, err := d.Messages(d.t.Context(), conversation, 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// found makes a mesh whose owner runs.
func found(t *testing.T, r *relaytest.Server, name string) *device {
	t.Helper()
	owner := newDevice(t, name)
	if err := driver.Create(limit(t), owner.host, driver.CreateOptions{Relay: r.URL(), Name: "Lab", DisplayName: name}); err != nil {
		t.Fatal(err)
	}
	owner.run()
	owner.live()
	return owner
}

// join brings in one more member, who runs.
func (d *device) join(name string) *device {
	d.t.Helper()
	invite, err := d.CreateInvite(limit(d.t), peer.InviteOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	joiner := newDevice(d.t, name)
	if err := driver.Join(limit(d.t), joiner.host, driver.JoinOptions{Link: invite.Link, DisplayName: name}); err != nil {
		d.t.Fatal(err)
	}
	joiner.run()
	joiner.live()
	d.until(name+" is here", func() bool {
		return slices.ContainsFunc(d.Mesh().Members, func(m peer.MemberView) bool {
			return m.Member == joiner.Mesh().Member && m.Name == name
		})
	})
	return joiner
}

// elsewhere dials another address than the one that it is given.
type elsewhere struct {
	driver.Dialer
	address string
}

func (e elsewhere) Dial(ctx context.Context, text string) (driver.Conn, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	u.Host = e.address
	return e.Dialer.Dial(ctx, u.String())
}
