package mcp

import (
	"context"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/wire"
)

// Door is what the server needs of the daemon. The methods are those of daemon.Client.
type Door interface {
	Attach(ctx context.Context, agent daemon.Agent) (Attached, error)
	Take(ctx context.Context, t daemon.Take) (daemon.Batch, error)
	Confirm(ctx context.Context, batch uint64) error
	Send(ctx context.Context, s daemon.Send) (daemon.Sent, error)
	Message(ctx context.Context, id string) (wire.MessageID, daemon.Sent, error)
	Read(ctx context.Context, id string) (*daemon.Message, error)
	Peers(ctx context.Context, caller daemon.Caller, mesh string) ([]daemon.MeshPeers, error)
	Change(ctx context.Context, change daemon.Change) (daemon.SessionCard, error)
	Report(ctx context.Context) (daemon.Report, error)
	Rescan(ctx context.Context) error
	Close() error
}

// Attached is a session that the daemon speaks for. The methods are those of daemon.Attachment.
type Attached interface {
	Pushes() <-chan daemon.Message
	Done() <-chan struct{}
	Err() error
	Close() error
}

// Through is the door that a client of the daemon is.
func Through(client *daemon.Client) Door { return through{client} }

type through struct{ *daemon.Client }

func (t through) Attach(ctx context.Context, agent daemon.Agent) (Attached, error) {
	attached, err := t.Client.Attach(ctx, agent)
	if err != nil {
		return nil, err
	}
	return attached, nil
}
