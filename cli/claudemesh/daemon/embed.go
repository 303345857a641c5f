package daemon

import (
	"context"
	"net"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/wire"
)

// embedded is a daemon in this process, which nobody else reaches. What its sessions say of themselves ends with it; what they
// have not taken is kept.
type embedded struct {
	server *Server
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}
}

func embed(h *home.Home, o Options) (*embedded, error) {
	config := o.Embedded
	config.Home, config.Version, config.Lasting = h, o.Version, true
	e := &embedded{server: newServer(config), ended: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(e.ended)
		defer e.server.leaving.Wait()
		defer close(e.server.over)
		e.server.run(e.ctx, nil)
	}()
	return e, nil
}

// dial opens a connection in memory.
func (e *embedded) dial() (*lines, error) {
	select {
	case <-e.ctx.Done():
		return nil, wire.Errorf(wire.CodeUnreachable, "The daemon in this program has ended.")
	default:
	}
	near, far := net.Pipe()
	e.server.running.Go(func() { e.server.connection(e.ctx, far) })
	return newLines(near), nil
}

func (e *embedded) close() error {
	e.cancel()
	<-e.ended
	return nil
}
