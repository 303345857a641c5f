// Package setup writes claudemesh into the configuration of coding agents, and takes it out again: the MCP server, and for
// Claude Code the hooks and the permission to use the server's tools.
//
// It changes its own entries and no other byte of a file, keeps what was there before beside it, and remembers what it wrote, so
// that undoing gives the file back as it was. It starts no agent and no daemon, and it draws nothing for people.
package setup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Machine is what setup needs to know of the machine and its user.
type Machine struct {
	Home     string                               // the user's home folder
	Getenv   func(name string) string             // of the environment that agents have too
	LookPath func(program string) (string, error) // as exec.LookPath
	Windows  bool
	Program  string // the absolute path of claudemesh, which agents are to start
	Config   string // claudemesh's folder, where setup remembers what it wrote
	Pinned   bool   // whether Config is not where claudemesh looks by itself, so that entries must name it
	Mesh     string // the one mesh that agents show themselves in, by 16 digits of its id, which no other bears; empty: all
	// Means reports whether what an entry gives to --mesh is one mesh of this machine, by its name or its id; nil: nothing is.
	Means func(mesh string) bool
}

// Agent is a coding agent by the name that people type.
type Agent string

// The agents.
const (
	Claude   Agent = "claude"
	Codex    Agent = "codex"
	Gemini   Agent = "gemini"
	Cursor   Agent = "cursor"
	OpenCode Agent = "opencode"
)

// Agents lists all, in the order of the help text.
func Agents() []Agent { return []Agent{Claude, Codex, Gemini, Cursor, OpenCode} }

// Title is how the agent calls itself.
func (a Agent) Title() string {
	return map[Agent]string{Claude: "Claude Code", Codex: "Codex", Gemini: "Gemini CLI", Cursor: "Cursor", OpenCode: "OpenCode"}[a]
}

// Refusal is a file that setup leaves alone because it cannot change it safely.
type Refusal struct {
	File  string
	Paste string // what a person can put there instead; empty where the file itself is broken
	Err   error
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%s cannot be changed: %v", r.File, r.Err)
}

func (r *Refusal) Unwrap() error { return r.Err }

// Action is what happens to a file.
type Action string

// The actions. Restored: the file has the bytes that it had before setup.
const (
	Unchanged Action = "unchanged"
	Created   Action = "created"
	Changed   Action = "changed"
	Restored  Action = "restored"
	Deleted   Action = "deleted"
)

// Change is what setup does, or would do, to one file.
type Change struct {
	File    string   `json:"file"`
	Action  Action   `json:"action"`
	Entries []string `json:"entries"`          // what of ours the file holds, or held
	Backup  string   `json:"backup,omitempty"` // where the bytes from before are
	// Before and After are the file's contents.
	Before []byte `json:"-"`
	After  []byte `json:"-"`
}

// target is a file of an agent with our entries in it.
type target interface {
	file() string
	// put is content with our entries, one for each, as they are wanted now.
	put(content []byte) ([]byte, error)
	// take is content without our entries. Where original had something else in their place, that stands there again.
	take(content, original []byte) ([]byte, error)
	look(content []byte) ([]Entry, error)
	paste() string
}

// Set connects the agent to claudemesh. Where dry, nothing is written. A file that is not valid is a *Refusal, and then no file is written.
func (m Machine) Set(agent Agent, dry bool) ([]Change, error) {
	return m.run(agent, dry, m.set)
}

// Undo takes claudemesh out of the agent's files: where nothing else changed them since Set they have the same bytes as before it,
// and else they lose our entries alone. Where dry, nothing is written.
func (m Machine) Undo(agent Agent, dry bool) ([]Change, error) {
	return m.run(agent, dry, m.undo)
}

// set plans how our entries come into a file.
func (m Machine) set(t target, f *file, r *receipt) (Change, *receipt, error) {
	entries, err := t.look(f.content)
	if err != nil {
		return Change{}, nil, refuse(t, err, "")
	}
	after, err := t.put(f.content)
	if err != nil {
		return Change{}, nil, refuse(t, err, t.paste())
	}
	change := Change{File: t.file(), Action: Changed, Before: f.content, After: after, Entries: names(entries)}
	next := &receipt{Sum: sum(after)}
	switch {
	case f.exists && bytes.Equal(after, f.content):
		change.Action = Unchanged
		return change, r, nil
	case !f.exists:
		change.Action = Created
	case r != nil && r.Sum == sum(f.content):
		// Nobody but setup wrote since, so what was before the first time still is what there is to go back to.
		next.Original, next.Folders = r.Original, r.Folders
	case ours(entries):
		// What is there is neither ours alone nor theirs alone. It is kept too, but it is no state to go back to.
		change.Backup, next.Sum, next.Original = fresh, "", fresh
		if r != nil {
			next.Original, next.Folders = r.Original, r.Folders
		}
	default:
		change.Backup, next.Original = fresh, fresh
	}
	return change, next, nil
}

// undo plans how they go.
func (m Machine) undo(t target, f *file, r *receipt) (Change, *receipt, error) {
	change := Change{File: t.file(), Action: Unchanged, Before: f.content, After: f.content, Entries: []string{}}
	if !f.exists {
		return change, nil, nil
	}
	entries, err := t.look(f.content)
	if err != nil {
		return Change{}, nil, refuse(t, err, "")
	}
	change.Entries = held(entries)
	var original []byte
	if r != nil && r.Original != "" {
		if original, err = os.ReadFile(r.Original); errors.Is(err, fs.ErrNotExist) {
			r = nil
		} else if err != nil {
			return Change{}, nil, fmt.Errorf("read what was there before: %w", err)
		}
	}
	if r != nil && r.Sum == sum(f.content) {
		if r.Original == "" {
			change.Action, change.After = Deleted, nil
			return change, nil, nil
		}
		change.Action, change.After = Restored, original
		return change, nil, nil
	}
	if change.After, err = t.take(f.content, original); err != nil {
		return Change{}, nil, refuse(t, err, "")
	}
	switch {
	case bytes.Equal(change.After, f.content):
		return change, nil, nil
	case r != nil && r.Original == "" && empty(change.After):
		change.Action, change.After = Deleted, nil
		return change, nil, nil
	}
	change.Action = Changed
	if r != nil {
		change.Backup = r.Original
	}
	return change, nil, nil
}

func refuse(t target, err error, paste string) error { return &Refusal{t.file(), paste, err} }

// empty reports whether nothing is left in a file that setup had made.
func empty(content []byte) bool {
	left := bytes.Join(bytes.Fields(content), nil)
	return len(left) == 0 || string(left) == "{}"
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// Found reports whether the agent is on this machine: its program, or the folder of its configuration.
func (m Machine) Found(agent Agent) bool {
	programs := []string{string(agent)}
	if agent == Cursor {
		programs = append(programs, "cursor-agent")
	}
	for _, program := range programs {
		if _, err := m.LookPath(program); err == nil {
			return true
		}
	}
	targets, err := m.targets(agent)
	if err != nil {
		return false
	}
	for _, t := range targets {
		if _, err := os.Stat(t.file()); err == nil {
			return true
		}
		if folder := filepath.Dir(t.file()); folder != filepath.Clean(m.Home) {
			if _, err := os.Stat(folder); err == nil {
				return true
			}
		}
	}
	return false
}
