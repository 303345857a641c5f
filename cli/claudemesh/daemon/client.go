package daemon

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/wire"
)

// Options say which daemon is meant.
type Options struct {
	ConfigDir string // as home.Open takes it
	Version   string // of this program; a daemon of another version makes room for this one
	// Start starts a daemon where none runs. Else a missing one is wire.CodeUnreachable.
	Start bool
	// Patience is how long a daemon that runs may take to greet; 0: 10 seconds. See ErrSilent.
	Patience time.Duration
	// Program is the command that runs the daemon, where it is started; empty: this program with "daemon run".
	Program []string
	// Embed runs the daemon in this process for as long as the client lives, as CLAUDEMESH_NO_DAEMON asks. It is then set up
	// by Embedded, of which Home and Version need not be set.
	Embed    bool
	Embedded Config
}

// Client speaks to the daemon over its local socket. Its methods may be called from any goroutine; each has a connection of
// its own, so that one that waits holds up no other. What is refused comes back as *wire.Error; CodeUnreachable: no daemon runs.
type Client struct {
	options Options
	home    *home.Home
	embed   *embedded // nil where the daemon is another process

	mu          sync.Mutex
	batches     map[uint64]*lines // connections on which a batch waits for its confirmation
	attachments map[*Attachment]bool
}

// Connect finds the daemon, or starts it. A daemon of another version is used as it is without Start, and with it asked to end,
// and one of this version started in its place. ErrSilent: one runs that does not greet.
func Connect(ctx context.Context, o Options) (*Client, error) {
	h, err := home.Open(o.ConfigDir)
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, home: h, batches: map[uint64]*lines{}, attachments: map[*Attachment]bool{}}
	if o.Embed {
		c.embed, err = embed(h, o)
		return c, err
	}
	return c, c.meet(ctx)
}

// Close lets go of what the client holds; an embedded daemon ends. Attachments that are open are closed.
func (c *Client) Close() error {
	c.mu.Lock()
	open := make([]*Attachment, 0, len(c.attachments))
	for a := range c.attachments {
		open = append(open, a)
	}
	for id, l := range c.batches {
		l.conn.Close()
		delete(c.batches, id)
	}
	c.mu.Unlock()
	for _, a := range open {
		a.Close()
	}
	if c.embed != nil {
		return c.embed.close()
	}
	return nil
}

// dial opens a connection to the daemon.
func (c *Client) dial(ctx context.Context) (*lines, error) {
	if c.embed != nil {
		return c.embed.dial()
	}
	path, err := c.home.Socket()
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, wire.Errorf(wire.CodeUnreachable, "The daemon of this machine does not run. \"claudemesh daemon run\" runs it.")
	}
	return newLines(conn), nil
}

// open is dial, starting the daemon anew where that is wanted and it was lost.
func (c *Client) open(ctx context.Context) (*lines, error) {
	l, err := c.dial(ctx)
	if wire.CodeOf(err) == wire.CodeUnreachable && c.options.Start {
		if err := c.start(ctx); err != nil {
			return nil, err
		}
		l, err = c.dial(ctx)
	}
	return l, err
}

// errCutOff says that the daemon ended before it answered.
var errCutOff = wire.Errorf(wire.CodeUnreachable, "The daemon of this machine ended in the middle of this. Look at the result before you repeat it.")

// exchange sends one request over a connection and reads its answer into out, until ctx ends.
func exchange(ctx context.Context, l *lines, op string, body, out any) error {
	defer context.AfterFunc(ctx, func() { l.conn.SetDeadline(time.Unix(1, 0)) })()
	var a answer
	err := l.write(request{API: apiVersion, Op: op, Body: bodyOf(body)})
	if err == nil {
		err = l.read(&a)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return errCutOff
	case a.Error != nil:
		return a.Error
	case out == nil:
		return nil
	}
	return decode(a.Body, out)
}

// ask makes one request on a connection of its own.
func (c *Client) ask(ctx context.Context, op string, body, out any) error {
	l, err := c.request(ctx, op, body, out)
	if err == nil {
		l.conn.Close()
	}
	return err
}

// request makes one request and leaves its connection open. Where the daemon ended meanwhile it is repeated, but for opSend and
// opHook, of which nobody knows whether they were carried out.
func (c *Client) request(ctx context.Context, op string, body, out any) (*lines, error) {
	for again := op == opSend || op == opHook; ; again = true {
		l, err := c.open(ctx)
		if err != nil {
			return nil, err
		}
		if err = exchange(ctx, l, op, body, out); err == nil {
			return l, nil
		}
		l.conn.Close()
		if again || !errors.Is(err, errCutOff) {
			return nil, err
		}
	}
}

// askBatch is ask for an answer with a batch in it, which keeps its connection until it is confirmed.
func (c *Client) askBatch(ctx context.Context, op string, body, out any, batch func() uint64) error {
	l, err := c.request(ctx, op, body, out)
	if err != nil {
		return err
	}
	if batch() == 0 {
		l.conn.Close()
		return nil
	}
	id := batch()
	c.mu.Lock()
	c.batches[id] = l
	c.mu.Unlock()
	time.AfterFunc(agent.LoanTime, func() {
		if l := c.batch(id); l != nil {
			l.conn.Close()
		}
	})
	return nil
}

// batch takes the connection of a batch out of the list.
func (c *Client) batch(id uint64) *lines {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.batches[id]
	delete(c.batches, id)
	return l
}

// Take gets messages; see Batch.
func (c *Client) Take(ctx context.Context, t Take) (Batch, error) {
	if err := c.attachedAll(ctx); err != nil {
		return Batch{}, err
	}
	var b Batch
	err := c.askBatch(ctx, opTake, t, &b, func() uint64 { return b.ID })
	return b, err
}

// Confirm says that a batch reached the agent: its messages are read, and do not come again. It may come late, on another
// client, and again: what was not handed out to another session meanwhile counts. A batch of 0 is empty.
func (c *Client) Confirm(ctx context.Context, batch uint64) error {
	if batch == 0 {
		return nil
	}
	if l := c.batch(batch); l != nil {
		err := exchange(ctx, l, opConfirm, batch, nil)
		l.conn.Close()
		if err == nil || wire.CodeOf(err) != wire.CodeUnreachable {
			return err
		}
	}
	return c.ask(ctx, opConfirm, batch, nil)
}

// Send sends a message and returns when the relay has it, or when it is kept because the relay is not reached.
func (c *Client) Send(ctx context.Context, s Send) (Sent, error) {
	if err := c.attachedAll(ctx); err != nil {
		return Sent{}, err
	}
	var sent Sent
	err := c.ask(ctx, opSend, s, &sent)
	return sent, err
}

// Message is a message of this machine's log, to be told how far it came. id is whole, or 8 digits or more of it. A client that
// has a session finds what is in the session's meshes.
func (c *Client) Message(ctx context.Context, id string) (wire.MessageID, Sent, error) {
	if err := c.attachedAll(ctx); err != nil {
		return wire.MessageID{}, Sent{}, err
	}
	var found messageFound
	err := c.ask(ctx, opMessage, messageAsked{c.own(), id}, &found)
	return found.ID, found.Sent, err
}

// Peers lists who is in the meshes that the caller's session is in, or in the one named. A caller without a session gets all.
func (c *Client) Peers(ctx context.Context, caller Caller, mesh string) ([]MeshPeers, error) {
	if err := c.attachedAll(ctx); err != nil {
		return nil, err
	}
	var peers []MeshPeers
	err := c.ask(ctx, opPeers, peersAsked{caller, mesh}, &peers)
	return peers, err
}

// Change changes a session's card and gives it as it is then; with nothing to change it only gives it. CodeNotFound: the
// caller belongs to no session.
func (c *Client) Change(ctx context.Context, change Change) (SessionCard, error) {
	if err := c.attachedAll(ctx); err != nil {
		return SessionCard{}, err
	}
	var card SessionCard
	err := c.ask(ctx, opChange, change, &card)
	return card, err
}

// Hook tells of an event and gets what is to be printed.
func (c *Client) Hook(ctx context.Context, e HookEvent) (HookAnswer, error) {
	var a HookAnswer
	err := c.askBatch(ctx, opHook, e, &a, func() uint64 { return a.Batch.ID })
	return a, err
}

// Report is what the daemon says of itself.
func (c *Client) Report(ctx context.Context) (Report, error) {
	var report Report
	err := c.ask(ctx, opReport, nil, &report)
	return report, err
}

// Rescan tells the daemon that this machine has other meshes than before, and waits until it holds them.
func (c *Client) Rescan(ctx context.Context) error { return c.ask(ctx, opRescan, nil, nil) }

// Release asks the daemon to let go of a mesh's folder, by its name, and waits until it has; Rescan, or a minute, ends that.
func (c *Client) Release(ctx context.Context, folder string) error {
	return c.ask(ctx, opRelease, released{folder}, nil)
}

// Stop asks the daemon to end, and waits until it has.
func (c *Client) Stop(ctx context.Context) error {
	l, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer l.conn.Close()
	if err := exchange(ctx, l, opStop, nil, nil); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.conn.SetDeadline(time.Unix(1, 0)) })()
	var none answer
	if l.read(&none); ctx.Err() != nil { // the connection lasts as long as the process
		return ctx.Err()
	}
	return nil
}

// own is the client's session; none, where it has not one alone.
func (c *Client) own() (caller Caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.attachments) == 1 {
		for a := range c.attachments {
			caller.Session = a.agent.Session
		}
	}
	return caller
}

// attachedAll waits until the daemon, lost and found again, knows this client's sessions: what is asked is about them.
func (c *Client) attachedAll(ctx context.Context) error {
	c.mu.Lock()
	open := make([]*Attachment, 0, len(c.attachments))
	for a := range c.attachments {
		open = append(open, a)
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, reattachPatience, wire.Refuse(wire.CodeUnreachable))
	defer cancel()
	for _, a := range open {
		select {
		case <-a.reached():
		case <-a.done:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return wire.Errorf(wire.CodeUnreachable, "The daemon of this machine is not reached just now.")
			}
			return ctx.Err()
		}
	}
	return nil
}
