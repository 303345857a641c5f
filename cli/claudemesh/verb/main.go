package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/wire"
	"github.com/alecthomas/kong"
)

// Env is what a verb has of the world.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal says that Stdout is one, so that colour is welcome.
	Terminal bool
	// Asks says that a person sits at Stdin and Stdout, so that questions can be asked.
	Asks      bool
	ConfigDir string
	Version   string
	// NoDaemon says that verbs connect by themselves, and that mcp runs the daemon in its process.
	NoDaemon bool
	Windows  agent.Windows // of a daemon that runs in this process
}

// Process is this process's environment.
func Process(version string) Env {
	in, out := isTerminal(os.Stdin), isTerminal(os.Stdout)
	return Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Terminal: out && os.Getenv("NO_COLOR") == "", Asks: in && out,
		ConfigDir: os.Getenv(home.Env), Version: version, NoDaemon: os.Getenv("CLAUDEMESH_NO_DAEMON") == "1",
		Windows: agent.Windows{Hook: seconds("HOOK_FRESH_WINDOW_SECONDS", 30), Working: seconds("STATUS_TTL_SECONDS", 60)},
	}
}

// seconds reads a time span from the environment; what is none there, or not positive, leaves the usual.
func seconds(name string, usual int) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		usual = n
	}
	return time.Duration(usual) * time.Second
}

// isTerminal takes the null device for one, too: it shows nothing, and answers a question with its end.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// call is one command: its arguments, where it reads and writes, and the device it speaks for once it has one.
type call struct {
	Env
	args    []string
	grammar grammar
	device  *device.Device
}

// Main runs one command and returns the process's exit code. What went wrong is written to Stderr, as JSON where --json was given.
func Main(ctx context.Context, args []string, env Env) int {
	if isHook(args) {
		hookOf(args[1:]).take(ctx, time.Now(), env)
		return ExitOK
	}
	c := &call{Env: env, args: args}
	return c.finish(c.run(ctx))
}

// run parses the arguments and runs the verb.
func (c *call) run(ctx context.Context) (err error) {
	exited := false
	parser, err := kong.New(&c.grammar,
		kong.Name("claudemesh"),
		kong.Description("A peer in the terminal: make and join end-to-end-encrypted meshes, send, and show what arrives."),
		kong.UsageOnError(), kong.Writers(c.Stdout, c.Stderr), kong.Exit(func(int) { exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Bind(c),
	)
	if err != nil {
		return err
	}
	if len(c.args) == 0 {
		c.args = []string{"--help"}
	}
	parsed, err := parser.Parse(c.args)
	if exited {
		return nil
	}
	if err != nil {
		return misread(err)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(c)
}

// misread is what is wrong with the arguments, and where it stands how they are to be.
func misread(err error) *usageError {
	if strings.HasSuffix(err.Error(), "?") { // it names what was meant
		return &usageError{err.Error()}
	}
	help := "claudemesh --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		if node := parse.Context.Selected(); node != nil {
			help = "claudemesh " + node.Path() + " --help"
		}
	}
	return &usageError{fmt.Sprintf("%s; see %q", err, help)}
}

// finish says what went wrong and gives the exit code.
func (c *call) finish(err error) int {
	var ended *endedError
	if errors.As(err, &ended) {
		return ended.code
	}
	if err == nil {
		return ExitOK
	}
	var usage *usageError
	var refusal *wire.Error
	switch {
	case errors.As(err, &usage):
		refusal = &wire.Error{Code: "usage", Message: usage.text}
	case errors.As(err, &refusal):
	case errors.Is(err, context.Canceled):
		refusal = &wire.Error{Code: "interrupted", Message: "Interrupted.", Retry: true}
	default:
		refusal = &wire.Error{Code: "failed", Message: err.Error()}
	}
	if c.grammar.JSON {
		writeJSON(c.Stderr, struct {
			Error *wire.Error `json:"error"`
		}{refusal})
	} else {
		// The sentence may be the relay's own.
		fmt.Fprintf(c.Stderr, "claudemesh: %s (%s)\n", sentence(line(refusal.Message)), line(string(refusal.Code)))
	}
	return exitOf(err)
}

func (c *call) note(format string, args ...any) {
	if !c.grammar.JSON {
		fmt.Fprintln(c.Stderr, clean(fmt.Sprintf(format, args...)))
	}
}
