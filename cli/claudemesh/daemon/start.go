package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// startPatience is how long a daemon that was started may take to answer.
	startPatience = 10 * time.Second
	startPoll     = 10 * time.Millisecond
)

// meet finds a daemon and sees that it is of this version, where a client may start one.
func (c *Client) meet(ctx context.Context) error {
	for range 3 { // another program may start one of its version in between
		l, err := c.open(ctx)
		if err != nil {
			return err
		}
		var other hello
		err = exchange(ctx, l, opHello, nil, &other)
		l.conn.Close()
		switch {
		case wire.CodeOf(err) == wire.CodeUnreachable && c.options.Start:
			continue // it ended just then
		case err != nil:
			return err
		case other.Version == c.options.Version || !c.options.Start:
			return nil
		}
		if err := c.Stop(ctx); err != nil && wire.CodeOf(err) != wire.CodeUnreachable {
			return err
		}
	}
	return wire.Errorf(wire.CodeInUse, "A daemon of another version keeps coming back. End the programs that use it, and try again.")
}

// start runs a daemon in a process of its own and waits until it answers.
func (c *Client) start(ctx context.Context) error {
	program := c.options.Program
	if len(program) == 0 {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program, to start the daemon: %w", err)
		}
		program = []string{self, "daemon", "run"}
	}
	log, err := home.OpenLog(c.home.LogPath())
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(program[0], program[1:]...)
	command.Env = append(os.Environ(), home.Env+"="+c.home.Dir())
	command.Dir = c.home.Dir() // it keeps no other folder from being removed
	command.Stdout, command.Stderr = log, log
	detach(command)
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	gone := make(chan error, 1)
	go func() { gone <- command.Wait() }()
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, errSlowStart)
	defer cancel()
	for {
		if pid := c.answers(ctx); pid != 0 {
			if gone != nil && pid != command.Process.Pid {
				command.Process.Kill() // another one was first; this one holds nothing, and must not take over when that one ends
				<-gone
			}
			return nil
		}
		select {
		case <-time.After(startPoll):
		case err := <-gone:
			if err != nil {
				return wire.Errorf(wire.CodeUnreachable, "The daemon ended at its start (%v). What it said stands in %s.", err, c.home.LogPath())
			}
			gone = nil // another one serves by now, or will in a moment
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errSlowStart) {
				return wire.Errorf(wire.CodeUnreachable, "The daemon was started and does not answer. What it said stands in %s.", c.home.LogPath())
			}
			return ctx.Err()
		}
	}
}

// answers is the process of the daemon that runs; 0: none answers.
func (c *Client) answers(ctx context.Context) int {
	l, err := c.dial(ctx)
	if err != nil {
		return 0
	}
	defer l.conn.Close()
	var h hello
	if exchange(ctx, l, opHello, nil, &h) != nil {
		return 0
	}
	return h.PID
}

var errSlowStart = errors.New("the daemon starts too slowly")
