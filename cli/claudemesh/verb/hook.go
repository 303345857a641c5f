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
	Within time.Duration `hidden:"" default:"80ms" help:"How long it may take."`
}

// isHook finds a hook before the command line is read as one: a mistake in it would end with exit code 2, with which Claude Code
// stops what its user does.
func isHook(args []string) bool {
	return len(args) > 0 && args[0] == "hook" && !slices.Contains(args, "--help") && !slices.Contains(args, "-h")
}

// hook takes an event and ends with 0, whatever comes of it.
func (e Env) hook(ctx context.Context, began time.Time, args []string) int {
	if !e.NoDaemon {
		// Claude Code may be gone by the time that something is printed; then it was not shown, and nothing else is wrong.
		signal.Ignore(syscall.SIGPIPE)
		event, within := "", hook.Within
		for _, arg := range args {
			if text, isFlag := strings.CutPrefix(arg, "--within="); isFlag {
				if longer, err := time.ParseDuration(text); err == nil {
					within = longer
				}
			} else if event == "" {
				event = arg
			}
		}
		hook.Run(ctx, hook.Options{
			In: e.Stdin, Out: e.Stdout, Event: event, ConfigDir: e.ConfigDir, Version: e.Version, Began: began, Within: within,
		})
	}
	return ExitOK
}

func (v hookVerb) Run(ctx context.Context, c *call) error {
	c.hook(ctx, time.Now(), []string{v.Event, "--within=" + v.Within.String()})
	return nil
}
