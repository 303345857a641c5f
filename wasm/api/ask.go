package api

import (
	"context"
	"errors"
	"time"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// What needs the relay's answer is given up after so long: when there is no connection, and when there is one.
const (
	reachTime  = 10 * time.Second
	answerTime = 30 * time.Second
)

// ask does what needs the relay's answer. Without a connection it first waits for one, which a device that has just joined
// is about to have.
func ask(ctx context.Context, running *driver.Driver, do func(context.Context) error) error {
	reaching, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	running.Wake()
	if err := running.WaitLive(reaching); err != nil {
		return inTime(err)
	}
	answering, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return inTime(do(answering))
}

// inTime turns the end of our own time limit into what it means to the person.
func inTime(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return wire.Refuse(wire.CodeUnreachable)
	}
	return err
}
