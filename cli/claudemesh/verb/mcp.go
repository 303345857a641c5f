package verb

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/mcp"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
)

type mcpVerb struct{}

// Run serves the agent whose program started this one, which is the session's process.
func (mcpVerb) Run(ctx context.Context, c *call) error {
	signal.Ignore(syscall.SIGPIPE) // an agent that is gone is to be an error of the write, so that what it did not get comes again
	program, err := proc.Of(os.Getppid())
	if err != nil {
		return fmt.Errorf("find the agent's program: %w", err)
	}
	directory, err := os.Getwd()
	if err != nil {
		directory = "" // it was removed; the session is shown without one
	}
	agent := daemon.Agent{Process: program, Kind: peer.KindAgent, Mesh: c.grammar.Mesh, Directory: directory}
	rand.Read(agent.Session[:])
	return mcp.Serve(ctx, mcp.Options{
		Agent: agent, Version: c.Version, In: c.Stdin, Out: c.Stdout, Entropy: rand.Reader,
		Connect: func(ctx context.Context) (mcp.Door, error) {
			client, err := daemon.Connect(ctx, c.daemonOptions(true))
			if err != nil {
				return nil, err
			}
			return mcp.Through(client), nil
		},
		Log: func(format string, args ...any) {
			fmt.Fprintln(c.Stderr, "claudemesh:", line(fmt.Sprintf(format, args...)))
		},
	})
}
