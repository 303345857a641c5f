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
	// greetPatience is how long a daemon that runs may take to greet.
	greetPatience = 10 * time.Second
)

// ErrSilent says that a daemon runs and does not answer, as one that was stopped by a signal.
var ErrSilent = wire.Errorf(wire.CodeInUse, "The daemon of this machine does not answer. \"claudemesh daemon stop\" ends it; whoever needs it next starts it again.")

// greet asks the daemon who it is.
func (c *Client) greet(ctx context.Context, l *lines) (other hello, err error) {
	patience := c.options.Patience
	if patience == 0 {
		patience = greetPatience
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err = exchange(limited, l, opHello, nil, &other); err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = ErrSilent
	}
	return other, err
}

// Kill ends a daemon that does not answer, and returns its process when it is gone. CodeInUse: which process it is cannot be known.
func Kill(ctx context.Context, configDir string) (pid int, err error) {
	h, err := home.Open(configDir)
	if err != nil {
		return 0, err
	}
	if pid = h.Holder(); pid == 0 {
		return 0, wire.Errorf(wire.CodeInUse, "The daemon of this machine does not answer, and which process it is cannot be known here. End the one that is called \"claudemesh daemon run\".")
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		return 0, fmt.Errorf("end the daemon, process %d: %w", pid, err)
	}
	for h.Holder() == pid {
		select {
		case <-time.After(startPoll):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return pid, nil
}

// meet finds a daemon and sees that it is of this version, where a client may start one.
func (c *Client) meet(ctx context.Context) error {
	for range 3 { // another program may start one of its version in between
		l, err := c.open(ctx)
		if err != nil {
			return err
		}
		other, err := c.greet(ctx, l)
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
			if err != nil && c.answers(ctx) == 0 { // else it ended because another one serves
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
