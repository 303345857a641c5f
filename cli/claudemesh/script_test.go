package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// relayProgram is the real relay, built once for all scripts.
var relayProgram string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "claudemesh-relay-*")
	if err != nil {
		panic(err)
	}
	relayProgram = filepath.Join(folder, "claudemesh-relay")
	if os.Getenv("TESTSCRIPT_COMMAND") == "" && filepath.Base(os.Args[0]) != "claudemesh" {
		if out, err := exec.Command("go", "build", "-o", relayProgram, "claudemesh.com/mesh/relay/cmd/claudemesh-relay").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "the relay does not build: %v\n%s", err, out)
			os.Exit(1)
		}
	}
	defer os.RemoveAll(folder)
	testscript.Main(m, map[string]func(){"claudemesh": main})
}

// TestScripts runs the verbs as a person types them, each script against a relay of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir)
			env.Setenv("USER", "tester")
			r := &relay{data: filepath.Join(env.WorkDir, "relay-data"), listen: "127.0.0.1:0"}
			env.Values["relay"] = r
			env.Defer(r.kill)
			if err := r.start(); err != nil {
				return err
			}
			env.Setenv("RELAY", r.url)
			env.Defer(func() { stopDaemons(env) })
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"as":     as,
			"exits":  exits,
			"field":  field,
			"relay":  relayCommand,
			"sealed": sealed,
		},
	})
}

// stopDaemons ends those that a script left behind: wherever one ran, its log lies.
func stopDaemons(env *testscript.Env) {
	logs, _ := filepath.Glob(filepath.Join(env.WorkDir, "*", "daemon.log"))
	for _, log := range logs {
		stop := exec.Command("claudemesh", "daemon", "stop")
		stop.Env = append(slices.Clone(env.Vars), "CLAUDEMESH_CONFIG_DIR="+filepath.Dir(log))
		if out, err := stop.CombinedOutput(); err != nil {
			env.T().Log("a daemon does not stop: ", err, string(out))
			env.T().FailNow()
		}
	}
}

// as NAME: who types what follows, with a configuration folder of their own.
func as(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv("CLAUDEMESH_CONFIG_DIR", ts.MkAbs(args[0]))
}

// exits CODE PROGRAM ARGUMENTS…: the program ends with exactly this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%s ended with %d, not %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// field VARIABLE NAME: keeps a field of the first line of JSON on standard output. With !, it must be empty or not there.
func field(ts *testscript.TestScript, neg bool, args []string) {
	first, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(first), &object))
	value, _ := object[args[1]]
	text := ""
	if value != nil {
		text = fmt.Sprint(value)
	}
	if (text == "") != neg {
		ts.Fatalf("field %s is %q in %s", args[1], text, first)
	}
	ts.Setenv(args[0], text)
}

// relay kill | start | stop: a power cut, a start on the same address and data, a drain that must end with 0.
func relayCommand(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value("relay").(*relay)
	switch args[0] {
	case "kill":
		r.kill()
	case "start":
		ts.Check(r.start())
	case "stop":
		ts.Check(r.stop())
	default:
		ts.Fatalf("relay: kill, start or stop")
	}
}

// sealed TEXT…: none of the texts stands in the relay's files or logs.
func sealed(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value("relay").(*relay)
	ts.Check(filepath.WalkDir(r.data, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range args {
			if bytes.Contains(content, []byte(text)) {
				err = fmt.Errorf("the relay's %s holds %q", filepath.Base(path), text)
			}
		}
		return err
	}))
	for _, text := range args {
		if strings.Contains(r.log.String(), text) {
			ts.Fatalf("the relay's log holds %q", text)
		}
	}
}

type relay struct {
	data, listen, url string
	flags             []string // besides
	log               lockedBuffer
	command           *exec.Cmd
}

// lockedBuffer is written by a running relay while a script reads it.
type lockedBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

var urlPattern = regexp.MustCompile(`https?://[^\s/]+`)

func (r *relay) start() error {
	r.command = exec.Command(relayProgram, append([]string{"serve", "--listen", r.listen, "--data", r.data}, r.flags...)...)
	r.command.Stderr = &r.log
	out, err := r.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.command.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go io.Copy(io.Discard, out)
	if r.url = urlPattern.FindString(line); r.url == "" {
		return fmt.Errorf("the relay said %q and not where it is (%v)", line, err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(r.url, "http://"), ":")
	r.listen = "127.0.0.1:" + port
	return nil
}

func (r *relay) kill() {
	if r.command == nil {
		return
	}
	r.command.Process.Kill()
	r.command.Wait()
	r.command = nil
}

func (r *relay) stop() error {
	r.command.Process.Signal(syscall.SIGTERM)
	err := r.command.Wait()
	r.command = nil
	return err
}
