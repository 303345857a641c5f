// Command claudemesh-relay passes the sealed envelopes of meshes on and keeps them until they are read. It can open none of
// them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// version is set when the program is linked (scripts/build-go).
var version = "unknown"

type commands struct {
	Serve   serve   `cmd:"" help:"Run the relay until SIGTERM or SIGINT."`
	Check   check   `cmd:"" help:"Check a database, and tell what is damaged. It ends with 3 where something is."`
	Backup  backup  `cmd:"" help:"Copy a database to a new file, also while a relay runs."`
	Restore restore `cmd:"" help:"Make a data folder of a backup."`
	Health  health  `cmd:"" help:"Ask a relay whether it is ready. It ends with 1 where it is not."`
	Version showing `cmd:"" help:"Print the version."`
}

// outside is what a command reaches of the process around it.
type outside struct {
	stdout, stderr io.Writer
	env            func(string) string
}

type showing struct{}

// Run prints the version.
func (showing) Run(o *outside) error {
	_, err := fmt.Fprintln(o.stdout, "claudemesh-relay", version)
	return err
}

// The exit codes besides 0.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitDamaged = 3
)

func main() {
	os.Exit(run(os.Args[1:], &outside{os.Stdout, os.Stderr, os.Getenv}))
}

func run(args []string, o *outside) int {
	exited := -1
	parser := kong.Must(&commands{},
		kong.Name("claudemesh-relay"),
		kong.Description("The relay of claudemesh: it passes sealed envelopes on and cannot read them."),
		kong.Writers(o.stdout, o.stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help was asked for, and given
	}
	if err == nil {
		err = command.Run(o)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(o.stderr, "claudemesh-relay: %v\n", err)
	var parse *kong.ParseError
	var usage usageError
	if errors.As(err, &parse) || errors.As(err, &usage) {
		return exitUsage
	}
	if errors.Is(err, errDamaged) {
		return exitDamaged
	}
	return exitFailed
}

// usageError is a wrong flag, with a sentence that says what to do instead.
type usageError string

func (e usageError) Error() string { return string(e) }
