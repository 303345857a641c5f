package verb

import (
	"context"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/hook"
)

type hookVerb struct {
	Event  string        `arg:"" optional:"" help:"The event's name. The input names it too, and decides."`
	Within time.Duration `hidden:"" help:"How long it may take."`
}

// isHook finds a hook before the command line is read as one: a mistake in it would end with exit code 2, with which Claude Code
// stops what its user does.
func isHook(args []string) bool {
	return len(args) > 0 && args[0] == "hook" && !slices.Contains(args, "--help") && !slices.Contains(args, "-h")
}

// hookOf reads the arguments of a hook and passes over what it does not know.
func hookOf(args []string) (v hookVerb) {
	for _, arg := range args {
		text, isFlag := strings.CutPrefix(arg, "--within=")
		switch within, err := time.ParseDuration(text); {
		case isFlag && err == nil:
			v.Within = within
		case v.Event == "" && !strings.HasPrefix(arg, "-"):
			v.Event = arg
		}
	}
	return v
}

// take takes an event. Nothing of it fails.
func (v hookVerb) take(ctx context.Context, began time.Time, e Env) {
	if e.NoDaemon {
		return
	}
	// Claude Code may be gone by the time that something is printed; then it was not shown, and nothing else is wrong.
	signal.Ignore(syscall.SIGPIPE)
	if v.Within == 0 {
		v.Within = hook.Within
	}
	hook.Run(ctx, hook.Options{
		In: e.Stdin, Out: e.Stdout, Event: v.Event, ConfigDir: e.ConfigDir, Version: e.Version, Began: began, Within: v.Within,
	})
}

func (v hookVerb) Run(ctx context.Context, c *call) error {
	v.take(ctx, time.Now(), c.Env)
	return nil
}
