package server_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// pipes is a listener whose connections are pipes in memory, so that time can be simulated around them.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipes() *pipes { return &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.waiting <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7900} }

// simulated runs a test against a relay in simulated time.
func simulated(t *testing.T, s func() store.Store, test func(*testing.T, *relay)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		r := startOn(t, p, s(), nil)
		r.HTTP.Transport.(*http.Transport).DialContext = p.dial
		test(t, r)
	})
}

func inMemory() store.Store { return memory.New(time.Now()) }

func TestHandshakeTimeout(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		late, good := m.Dial(t), m.Connect(t, m.Owner)
		time.Sleep(wire.HandshakeSeconds*time.Second + 2*time.Second)
		late.Closes(wire.CodeHandshakeTimeout)
		good.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
		good.Read(wire.FramePong)
	})
}

func TestSilence(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		silent, good := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
		silent.Presence()
		silent.Presence() // or the relay would take it for one that does not read
		for range 2 {
			time.Sleep(wire.PingSeconds * time.Second)
			good.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
			good.Read(wire.FramePong)
		}
		time.Sleep((wire.SilenceSeconds - 2*wire.PingSeconds + 2) * time.Second)
		silent.Closes(wire.CodeSilent)
		good.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
		good.Read(wire.FramePong)
	})
}

// What peers sent before the relay drains is still carried out, though another commit holds it up.
func TestDrainTakesTheMailToo(t *testing.T) {
	var s *gated
	simulated(t, func() store.Store {
		s = newGated(inMemory())
		return s
	}, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		sender := m.Connect(t, m.Owner)
		s.closed.Store(true)
		sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
		<-s.begun
		sender.Send(1, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
		synctest.Wait()
		go r.stop(t)
		synctest.Wait()
		close(s.gate)
		sender.Accepted(1)
		sender.Accepted(2)
		sender.Closes(wire.CodeDraining)
		r.stop(t)
	})
}

// loads counts how often a mesh is loaded.
type loads struct {
	store.Store
	n atomic.Int32
}

func (l *loads) Load(ctx context.Context, id wire.MeshID) (mesh.Snapshot, error) {
	l.n.Add(1)
	return l.Store.Load(ctx, id)
}

func TestIdleMeshIsUnloaded(t *testing.T) {
	var counted *loads
	simulated(t, func() store.Store {
		counted = &loads{Store: inMemory()}
		return counted
	}, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		leave := func(c *protocoltest.Client) {
			c.Bye(wire.SessionID{})
			c.Until(wire.FrameClose)
		}
		leave(m.Connect(t, m.Owner))
		leave(m.Connect(t, m.Owner))
		if n := counted.n.Load(); n != 1 {
			t.Fatalf("loaded %d times for two connections in a row", n)
		}
		time.Sleep(10 * time.Minute)
		c := m.Connect(t, m.Owner)
		if n := counted.n.Load(); n != 2 {
			t.Errorf("loaded %d times, want again after ten idle minutes", n)
		}
		for range 40 {
			time.Sleep(wire.PingSeconds * time.Second)
			c.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
			c.Read(wire.FramePong)
		}
		leave(c)
		leave(m.Connect(t, m.Owner))
		if n := counted.n.Load(); n != 2 {
			t.Errorf("loaded %d times, want not while it is connected", n)
		}
	})
}
