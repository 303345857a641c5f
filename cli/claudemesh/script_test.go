package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"claudemesh.com/mesh/relay/relaytest"
)

// relayProgram is the real relay, built once for all tests.
var relayProgram relaytest.Program

func TestMain(m *testing.M) {
	testscript.Main(relayProgram.BuiltFor(m), map[string]func(){"claudemesh": main})
}

// TestScripts runs the verbs as a person types them, each script against a relay of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir)
			env.Setenv("USER", "tester")
			r := &relaytest.Process{Program: relayProgram, Folder: env.WorkDir, Data: filepath.Join(env.WorkDir, "relay-data")}
			env.Values["relay"] = r
			env.Defer(r.Kill)
			if err := r.Start(); err != nil {
				return err
			}
			env.Setenv("RELAY", r.URL)
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
	r := ts.Value("relay").(*relaytest.Process)
	switch args[0] {
	case "kill":
		r.Kill()
	case "start":
		ts.Check(r.Start())
	case "stop":
		ts.Check(r.Stop())
	default:
		ts.Fatalf("relay: kill, start or stop")
	}
}

// sealed TEXT…: none of the texts stands in the relay's files or logs.
func sealed(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value("relay").(*relaytest.Process)
	ts.Check(filepath.WalkDir(r.Data, func(path string, entry os.DirEntry, err error) error {
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
		if strings.Contains(r.Log(), text) {
			ts.Fatalf("the relay's log holds %q", text)
		}
	}
}
