package mcp

import (
	"context"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// linkPatience is how long the daemon may take to start and to take the session.
	linkPatience = 15 * time.Second
	// retryFirst and retryLast are how long the session waits before it looks for the daemon again.
	retryFirst = time.Second
	retryLast  = 30 * time.Second
)

// link is the daemon, found, and the session with it.
type link struct {
	door     Door
	attached Attached
	end      context.CancelFunc
}

func (l *link) close() {
	l.attached.Close()
	l.end()
	l.door.Close()
}

func (l *link) ended() bool {
	select {
	case <-l.attached.Done():
		return true
	default:
		return false
	}
}

// keep holds the session from its begin to its end, and shows what is pushed to it.
func (s *server) keep(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.begun:
	}
	wait, told := retryFirst, ""
	for ctx.Err() == nil {
		l, err := s.linked(ctx)
		if err == nil {
			wait, told = retryFirst, ""
			s.showPushes(ctx, l.attached)
			err = l.attached.Err()
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			s.Log("the session is not in the mesh: %v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, retryLast)
	}
}

// linked is the session's link, made where there is none. One goroutine at a time looks for the daemon; the others wait for what it finds.
func (s *server) linked(ctx context.Context) (*link, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.link != nil {
		if !s.link.ended() {
			return s.link, nil
		}
		s.link.close()
		s.link = nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, linkPatience, wire.Errorf(wire.CodeUnreachable, "The daemon did not answer."))
	defer cancel()
	door, err := s.Connect(ctx)
	if err != nil {
		return nil, err
	}
	// The session outlives the call that found the daemon, but making it may take no longer than that.
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	inTime := context.AfterFunc(ctx, end)
	attached, err := door.Attach(lasting, s.Agent)
	if !inTime() && err == nil {
		attached.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		end()
		door.Close()
		return nil, err
	}
	s.link = &link{door, attached, end}
	return s.link, nil
}

// door is the daemon, with the session known to it.
func (s *server) door(ctx context.Context) (Door, error) {
	l, err := s.linked(ctx)
	if err != nil {
		return nil, failed(err, todoDoctor)
	}
	return l.door, nil
}

// unlink ends the session.
func (s *server) unlink() {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
}

// caller is this session, as requests name it.
func (s *server) caller() daemon.Caller { return daemon.Caller{Session: s.Agent.Session} }
