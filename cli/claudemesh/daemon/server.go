package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/wire"
)

// Config is what a daemon needs of its program.
type Config struct {
	Home    *home.Home
	Version string
	Windows agent.Windows
	// Lasting daemons do not leave when they are unused; others do after Idle without sessions and requests.
	Lasting bool
	Idle    time.Duration
	// Log is handed sentences without secrets; nil: nobody reads them.
	Log func(string)
	// Serve takes the commands of other processes for a device of which this process holds the folder, until stop is called;
	// busy is called for each, and what it gives back when the command has ended. nil: they are not served.
	Serve func(folder home.Folder, d *device.Device, busy func() (done func())) (stop func(), err error)
}

// Server is a daemon. Registry and queues are under one mutex, which is never held over I/O: what changed is handed to
// writers, and an answer that depends on it waits for them outside.
type Server struct {
	config  Config
	socket  string
	homes   []string // see homes
	started time.Time
	ready   chan struct{} // closed when the meshes were looked for once
	stop    context.CancelCauseFunc
	over    chan struct{}  // closed when nothing is held any more
	running sync.WaitGroup // connections, but for those that wait for the end
	leaving sync.WaitGroup // those
	rows    *writer        // of the sessions; nil where they are not kept

	scanning sync.Mutex           // held while meshes come and go
	released map[string]time.Time // folders that were let go of, until when; under scanning

	mu       sync.Mutex
	registry *agent.Registry
	meshes   map[string]*mesh // by the folder's name
	problems map[string]*MeshReport
	listens  map[wire.SessionID]map[*lines]bool // connections of attachments
	tags     map[wire.SessionID]string          // the tag repo:NAME that was found for a session
	busy     int                                // requests under way
	used     time.Time
}

func newServer(config Config) *Server {
	if config.Log == nil {
		config.Log = func(string) {}
	}
	return &Server{
		config: config, homes: homes(), started: time.Now(), used: time.Now(), ready: make(chan struct{}), over: make(chan struct{}),
		registry: agent.NewRegistry(config.Windows), meshes: map[string]*mesh{}, problems: map[string]*MeshReport{},
		listens: map[wire.SessionID]map[*lines]bool{}, tags: map[wire.SessionID]string{}, released: map[string]time.Time{},
	}
}

// The causes of a daemon's end.
var (
	errAsked  = errors.New("it was asked to end")
	errUnused = errors.New("nobody used it")
)

// Run serves until ctx ends, until it is asked to end, or until it was unused for long; that is nil. CodeInUse: another daemon
// serves this directory.
func Run(ctx context.Context, config Config) error {
	lock, err := lockHome(ctx, config.Home)
	if err != nil {
		return err
	}
	s := newServer(config)
	defer s.leaving.Wait()
	defer close(s.over)
	defer lock.Unlock()
	if s.socket, err = config.Home.Socket(); err != nil {
		return err
	}
	listener, err := home.Listen(s.socket)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := s.restore(); err != nil {
		return err
	}
	return s.run(ctx, listener)
}

// lockPatience is how long a daemon waits for one that ends.
const lockPatience = 10 * time.Second

// lockHome takes the directory's lock. Where one holds it that answers, there is nothing to wait for.
func lockHome(ctx context.Context, h *home.Home) (*home.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		lock, err := h.Lock()
		if !errors.Is(err, home.ErrHeld) {
			return lock, err
		}
		c := &Client{home: h}
		if l, err := c.dial(ctx); err == nil {
			err := exchange(ctx, l, opHello, nil, nil)
			l.conn.Close()
			if err == nil {
				return nil, wire.Errorf(wire.CodeInUse, "A daemon runs already.")
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, wire.Errorf(wire.CodeInUse, "A daemon that does not answer holds the lock.")
		}
	}
}

// restore finds the sessions of an earlier daemon: those of programs that still run go on.
func (s *Server) restore() error {
	rows, err := kv.OpenRows(s.config.Home.Sessions())
	if err != nil {
		return err
	}
	s.rows = newWriter(rows, s.config.Log)
	kept, err := rows.Scan(rowSession)
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range kept {
		var one agent.Session
		if err := json.Unmarshal(row.Value, &one); err != nil {
			s.config.Log("a kept session cannot be read: " + err.Error())
			continue
		}
		s.registry.Restore(now, one)
	}
	return nil
}

// run serves at a listener (nil: none) until the end.
func (s *Server) run(ctx context.Context, listener net.Listener) error {
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	s.poll() // whose process is gone is gone before anybody asks
	var parts sync.WaitGroup
	parts.Go(func() {
		s.scan(ctx)
		close(s.ready)
		s.beat(ctx)
	})
	if listener != nil {
		parts.Go(func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				s.running.Go(func() { s.connection(ctx, conn) })
			}
		})
	}
	<-ctx.Done()
	if listener != nil {
		listener.Close()
	}
	parts.Wait()
	s.running.Wait()
	s.dropAll()
	if s.rows != nil {
		s.rows.close()
	}
	return nil
}

// connection serves one connection to its end.
func (s *Server) connection(ctx context.Context, conn net.Conn) {
	l, kept := newLines(conn), false
	defer func() {
		if !kept {
			conn.Close()
		}
	}()
	ended := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer ended()
	var batch uint64
	defer func() { s.giveBack(batch) }()
	for {
		var r request
		if err := l.read(&r); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) && ctx.Err() == nil {
				l.write(answer{Error: wire.AsError(wire.Errorf(wire.CodeMalformed, "The daemon could not read this: %v.", err))})
			}
			return
		}
		if r.Op == opAttach {
			s.attachment(ctx, l, &r)
			return
		}
		if r.Op == opStop {
			s.config.Log("asked to end")
			l.write(answer{})
			s.stop(errAsked)
			s.leaving.Go(func() {
				<-s.over // hanging up says that it has ended
				conn.Close()
			})
			kept = true
			return
		}
		done := s.begin()
		body, lent, err := s.operate(ctx, &r)
		done()
		if lent != 0 {
			s.giveBack(batch)
			batch = lent
		}
		a := answer{Body: body}
		if err != nil {
			a = answer{Error: wire.AsError(err)}
		}
		if l.write(a) != nil {
			return
		}
	}
}

// begin notes a request under way until done is called.
func (s *Server) begin() (done func()) {
	s.mu.Lock()
	s.busy++
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.busy--
		s.used = time.Now()
		s.mu.Unlock()
	}
}

// operate carries one request out. lent is the batch that goes back when the connection ends unconfirmed.
func (s *Server) operate(ctx context.Context, r *request) (body json.RawMessage, lent uint64, err error) {
	if r.API != apiVersion && !anyVersion[r.Op] {
		return nil, 0, wire.Errorf(wire.CodeUnsupported, "The daemon that runs is of another version. Stop it with \"claudemesh daemon stop\".")
	}
	switch r.Op {
	case opHello:
		return bodyOf(hello{apiVersion, s.config.Version, os.Getpid()}), 0, nil
	case opReport:
		return bodyOf(s.report()), 0, nil
	case opRescan:
		s.rescan(ctx)
		return nil, 0, nil
	case opTake:
		return handBatch(r, func(t Take) (Batch, uint64, error) { return s.take(ctx, &t) })
	case opHook:
		return handBatch(r, func(e HookEvent) (HookAnswer, uint64, error) { return s.hook(&e) })
	case opConfirm:
		body, err = hand(r, func(batch uint64) (any, error) { return nil, s.confirm(ctx, batch) })
	case opSend:
		body, err = hand(r, func(m Send) (Sent, error) { return s.send(ctx, &m) })
	case opMessage:
		body, err = hand(r, func(m messageAsked) (messageFound, error) { return s.message(ctx, &m) })
	case opPeers:
		body, err = hand(r, func(p peersAsked) ([]MeshPeers, error) { return s.peers(ctx, &p) })
	case opChange:
		body, err = hand(r, func(c Change) (SessionCard, error) { return s.change(ctx, &c) })
	case opRelease:
		body, err = hand(r, func(m released) (any, error) { s.release(m.Folder); return nil, nil })
	default:
		err = wire.Errorf(wire.CodeUnsupported, "The daemon does not know what %q is.", r.Op)
	}
	return body, 0, err
}

// hand reads a request's body, and writes what do makes of it.
func hand[In, Out any](r *request, do func(In) (Out, error)) (json.RawMessage, error) {
	var in In
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return nil, wire.Errorf(wire.CodeMalformed, "The daemon could not read this: %v.", err)
	}
	out, err := do(in)
	if err != nil {
		return nil, err
	}
	return bodyOf(out), nil
}

// handBatch is hand for what lends a batch.
func handBatch[In, Out any](r *request, do func(In) (Out, uint64, error)) (body json.RawMessage, lent uint64, err error) {
	body, err = hand(r, func(in In) (out Out, err error) {
		out, lent, err = do(in)
		return out, err
	})
	return body, lent, err
}
