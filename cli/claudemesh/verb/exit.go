package verb

import (
	"context"
	"errors"

	"claudemesh.com/mesh/shared/wire"
)

// The exit codes that programs rely on.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitNotFound    = 3 // not found, or ambiguous
	ExitRefused     = 4
	ExitUnreachable = 5
)

// exitOf is the exit code for an error.
func exitOf(err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case errors.Is(err, context.Canceled):
		return ExitFailed
	case errors.Is(err, context.DeadlineExceeded):
		return ExitUnreachable
	}
	switch wire.CodeOf(err) {
	case wire.CodeInternal, wire.CodeStorage, wire.CodeInUse, wire.CodeRestarted:
		return ExitFailed
	case wire.CodeNotFound, wire.CodeAmbiguous, wire.CodeUnknownMember, wire.CodeUnknownMesh:
		return ExitNotFound
	case wire.CodeUnreachable, wire.CodeUnavailable, wire.CodeDraining:
		return ExitUnreachable
	case wire.CodeV1Link, wire.CodeNoSecret:
		return ExitUsage
	}
	return ExitRefused
}

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }
