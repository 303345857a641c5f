package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

const (
	// reattachPatience is how long a request waits for a daemon that was lost.
	reattachPatience = 10 * time.Second
	// reattachFirst and reattachLast are the pauses between attempts to find the daemon again; they double.
	reattachFirst = 50 * time.Millisecond
	reattachLast  = 2 * time.Second
	// restartAfter is for how long whoever lost the daemon leaves it to others to start it: where it makes room for another
	// version, the client of that one does.
	restartAfter = 1500 * time.Millisecond
	// pushesAhead is how many pushes wait for the reader; more are left to a Take.
	pushesAhead = 64
)

// Attachment is a session that the daemon speaks for.
type Attachment struct {
	client *Client
	agent  Agent
	pushes chan Message
	done   chan struct{}
	cancel context.CancelFunc

	mu      sync.Mutex
	session wire.SessionID
	conn    *lines        // while the daemon knows the session
	known   chan struct{} // closed while conn is set
	closing bool
	err     error
}

// Attach makes a session. It goes on by itself when the daemon is lost and found again, until Close or until ctx ends.
func (c *Client) Attach(ctx context.Context, agent Agent) (*Attachment, error) {
	if agent.Session.IsZero() {
		return nil, wire.Errorf(wire.CodeMalformed, "A session's id is not zero.")
	}
	a := &Attachment{
		client: c, agent: agent, pushes: make(chan Message, pushesAhead), done: make(chan struct{}), known: make(chan struct{}),
	}
	l, err := a.open(ctx)
	if errors.Is(err, errCutOff) {
		l, err = a.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.attachments[a] = true
	c.mu.Unlock()
	ctx, a.cancel = context.WithCancel(ctx)
	go a.last(ctx, l)
	return a, nil
}

// Session is the id under which the others see the session: the agent's own, or that which its process had already, as where
// a hook told of it first. Requests may use either.
func (a *Attachment) Session() wire.SessionID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.session
}

// Pushes are messages for the session as they come. A push takes nothing: the message stays until a Batch with it is confirmed.
// Who does not read them loses none. The channel is not closed; see Done.
func (a *Attachment) Pushes() <-chan Message { return a.pushes }

// Done is closed when the session has ended for good; Err is why.
func (a *Attachment) Done() <-chan struct{} { return a.done }

// Err is why the session ended, or nil.
func (a *Attachment) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Close ends the session, and returns when the daemon knows.
func (a *Attachment) Close() error {
	a.mu.Lock()
	a.closing = true
	l := a.conn
	a.mu.Unlock()
	if l != nil {
		l.conn.SetDeadline(time.Now().Add(time.Second))
		if err := l.write(request{API: apiVersion, Op: opDetach}); err == nil {
			select { // the daemon hangs up when it has done it
			case <-a.done:
			case <-time.After(time.Second):
			}
		}
	}
	a.cancel()
	<-a.done
	return nil
}

// reached is closed while the daemon knows the session.
func (a *Attachment) reached() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known
}

// open attaches over a new connection.
func (a *Attachment) open(ctx context.Context) (*lines, error) {
	l, err := a.client.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.begin(ctx, l); err != nil {
		l.conn.Close()
		return nil, err
	}
	return l, nil
}

// begin attaches over a connection.
func (a *Attachment) begin(ctx context.Context, l *lines) error {
	var as attached
	if err := exchange(ctx, l, opAttach, a.agent, &as); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.session, a.conn = as.Session, l
	close(a.known)
	return nil
}

// last keeps the session with the daemon until it ends.
func (a *Attachment) last(ctx context.Context, l *lines) {
	defer a.end(nil)
	for {
		a.listen(ctx, l)
		a.mu.Lock()
		a.conn, a.known = nil, make(chan struct{})
		closing := a.closing
		a.mu.Unlock()
		if closing || ctx.Err() != nil {
			return
		}
		var err error
		if l, err = a.again(ctx); l == nil {
			a.end(err)
			return
		}
	}
}

// listen takes pushes until the connection ends.
func (a *Attachment) listen(ctx context.Context, l *lines) {
	defer context.AfterFunc(ctx, func() { l.conn.Close() })()
	defer l.conn.Close()
	for {
		var in answer
		if err := l.read(&in); err != nil {
			return
		}
		if in.Push == nil {
			continue
		}
		select {
		case a.pushes <- *in.Push:
		default:
		}
	}
}

// again finds the daemon, or starts it, and attaches. nil: ctx ended, or the error is why that cannot be.
func (a *Attachment) again(ctx context.Context) (*lines, error) {
	lost := time.Now()
	for pause := reattachFirst; ; pause = min(2*pause, reattachLast) {
		find := a.client.dial
		if time.Since(lost) > restartAfter {
			find = a.client.open
		}
		l, err := find(ctx)
		if err == nil {
			if err = a.begin(ctx, l); err == nil {
				return l, nil
			}
			l.conn.Close()
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		if wire.CodeOf(err) == wire.CodeUnsupported {
			return nil, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, nil
		}
	}
}

func (a *Attachment) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.done:
		return
	default:
	}
	a.err = err
	close(a.done)
	a.client.mu.Lock()
	delete(a.client.attachments, a)
	a.client.mu.Unlock()
}

func decode(body json.RawMessage, out any) error {
	if err := json.Unmarshal(body, out); err != nil {
		return wire.Errorf(wire.CodeUnsupported, "The daemon of this machine answers in a way that this version does not read. Stop it with \"claudemesh daemon stop\".")
	}
	return nil
}
