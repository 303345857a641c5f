package verb

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/wire"
)

// One process speaks for a device: the one that holds its lock. The daemon, or else a verb that lasts (tail, inbox --wait), serves
// the others meanwhile: they send it their arguments and get lines of output, and last an exit code. A verb that ends soon serves nobody; who
// comes meanwhile waits for the lock.

// request is one forwarded command, as a line of JSON.
type request struct {
	Args     []string `json:"args"`
	Stdin    string   `json:"stdin,omitempty"`
	Terminal bool     `json:"terminal,omitempty"`
}

// answer is one line that comes back: first that the command was begun, then output, and last how it ended. Again: the serving
// process ends; run these arguments yourself.
type answer struct {
	Begun bool     `json:"begun,omitempty"`
	Out   string   `json:"out,omitempty"`
	Err   string   `json:"err,omitempty"`
	Exit  *int     `json:"exit,omitempty"`
	Again []string `json:"again,omitempty"`
}

// endedError carries the exit code of a command that ran in another process, which has written its own errors.
type endedError struct{ code int }

func (e *endedError) Error() string { return "the command ended in another process" }

// movedError says that a lasting verb was cut off because the process that served it ends; the arguments go on where it stood.
type movedError struct{ args []string }

func (e *movedError) Error() string { return "the serving process ended" }

// errServerEnds is the cause of a forwarded command's end when its server ends.
var errServerEnds = errors.New("the serving process ends")

// errStuck says that the process which speaks for the device begins nothing.
var errStuck = wire.Errorf(wire.CodeInUse, "The claudemesh that speaks for this device does not answer. Where that is the daemon, \"claudemesh daemon stop\" ends it.")

// lockPatience is how long a verb waits for a process that holds the lock and serves nobody.
const lockPatience = 30 * time.Second

// beginPatience is how long the process that speaks for a device may take to begin what it is sent.
const beginPatience = 10 * time.Second

// speak runs a verb on the device that --mesh names, connected: in this process where it gets the device's lock, and
// else in the process that has it.
func (c *call) speak(ctx context.Context, as session, run func(context.Context, *device.Device) error) error {
	if c.device != nil {
		hide, err := c.showAs(ctx, as)
		if err != nil {
			return err
		}
		defer hide()
		return run(ctx, c.device)
	}
	chosen, err := c.choose(ctx)
	if err != nil {
		return err
	}
	folder := chosen.folder
	lock, err := c.lockOrForward(ctx, folder)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	d, err := device.Open(ctx, folder, device.Options{Card: c.card(as)})
	if err != nil {
		return err
	}
	defer d.Close()
	d.Connect(context.WithoutCancel(ctx))
	if as != passing {
		stop, err := c.serve(folder, d, notBusy)
		if err != nil {
			return err
		}
		defer stop()
	}
	err = run(ctx, d)
	d.SendKept(ctx)
	return err
}

// lockOrForward gets the lock, or runs the command in the process that has it and returns how it ended.
func (c *call) lockOrForward(ctx context.Context, folder home.Folder) (*home.Lock, error) {
	deadline := time.Now().Add(lockPatience)
	for {
		lock, err := folder.Lock()
		if !errors.Is(err, home.ErrHeld) {
			return lock, err
		}
		again, err := c.forward(ctx, folder)
		if err != nil {
			return nil, err
		}
		if again != nil {
			c.args = again
			c.grammar = grammar{}
			if err := c.run(ctx); err != nil {
				return nil, err
			}
			return nil, &endedError{ExitOK}
		}
		if time.Now().After(deadline) {
			return nil, wire.Errorf(wire.CodeInUse, "Another claudemesh has used this device for %s. Wait for it, or end it.", lockPatience)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// forward hands the command to the process that serves the folder. nil, nil: nobody serves it just now.
func (c *call) forward(ctx context.Context, folder home.Folder) (again []string, err error) {
	path, err := folder.Socket()
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, nil
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r := request{Args: c.args, Terminal: c.Terminal}
	if readsStdin(c.args) {
		text, err := readText(c.Stdin)
		if err != nil {
			return nil, err
		}
		r.Stdin = text
		c.Stdin = strings.NewReader(text)
	}
	conn.SetDeadline(time.Now().Add(beginPatience))
	if err := json.NewEncoder(conn).Encode(r); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	}
	lines := json.NewDecoder(conn)
	for begun := false; ; {
		var a answer
		if err := lines.Decode(&a); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if !begun && errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, errStuck
			}
			if !begun {
				return nil, nil // it ended before it came to this
			}
			return nil, wire.Errorf(wire.CodeInUse, "The claudemesh that spoke for this device ended in the middle of this command. Look at the result before you repeat it.")
		}
		if !begun {
			begun = true
			conn.SetDeadline(time.Time{})
		}
		io.WriteString(c.Stdout, a.Out)
		io.WriteString(c.Stderr, a.Err)
		switch {
		case a.Again != nil:
			return a.Again, nil
		case a.Exit != nil:
			return nil, &endedError{*a.Exit}
		}
	}
}

// notBusy is for who counts no commands.
func notBusy() (done func()) { return func() {} }

// serve takes commands of other processes until stop is called, which lets those that are short come to their end. busy is
// called for each, and what it gives back when it has ended.
func (c *call) serve(folder home.Folder, d *device.Device, busy func() (done func())) (stop func(), err error) {
	path, err := folder.Socket()
	if err != nil {
		return nil, err
	}
	listener, err := home.Listen(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer busy()()
				c.answer(ctx, conn, d)
			})
		}
	})
	return func() {
		listener.Close()
		cancel(errServerEnds)
		running.Wait()
	}, nil
}

// answer runs one forwarded command. It ends early when its sender hangs up.
func (c *call) answer(ctx context.Context, conn net.Conn, d *device.Device) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader := bufio.NewReader(conn)
	var r request
	if err := json.NewDecoder(reader).Decode(&r); err != nil {
		return
	}
	go func() {
		io.Copy(io.Discard, conn)
		cancel()
	}()
	lines := &lineWriter{encoder: json.NewEncoder(conn)}
	if lines.write(answer{Begun: true}) != nil {
		return
	}
	forwarded := &call{
		Env: Env{
			Stdin: strings.NewReader(r.Stdin), Stdout: outWriter{lines}, Stderr: errWriter{lines},
			Terminal: r.Terminal, ConfigDir: c.ConfigDir, Version: c.Version,
		},
		args: r.Args, device: d,
	}
	err := forwarded.run(ctx)
	var moved *movedError
	if errors.As(err, &moved) {
		lines.write(answer{Again: moved.args})
		return
	}
	code := forwarded.finish(err)
	lines.write(answer{Exit: &code})
}

// isAfter finds the flag that tells a moved tail where it stood.
func isAfter(arg string) bool { return strings.HasPrefix(arg, "--after=") }

// cut reports whether a verb was interrupted because its server ends, and not because its person wants no more.
func cut(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errServerEnds) }

type lineWriter struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

func (w *lineWriter) write(a answer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.encoder.Encode(a)
}

type outWriter struct{ lines *lineWriter }

func (w outWriter) Write(p []byte) (int, error) { return len(p), w.lines.write(answer{Out: string(p)}) }

type errWriter struct{ lines *lineWriter }

func (w errWriter) Write(p []byte) (int, error) { return len(p), w.lines.write(answer{Err: string(p)}) }
