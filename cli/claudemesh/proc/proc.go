// Package proc tells processes apart: by their number and by when they began, since numbers are used again.
//
// It starts and ends none, and reads nothing of a process but its name, its parent and its beginning.
package proc

import (
	"errors"
	"fmt"
	"os"
)

// Process is one process of this machine. Start is when it began, in the system's own unit: it means nothing but that a
// process with the same number and another start is another one.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
}

// IsZero reports whether no process is meant.
func (p Process) IsZero() bool { return p == Process{} }

// ErrGone says that there is no such process, or that only its exit code is left of it.
var ErrGone = errors.New("there is no such process")

// info is what the system tells of a process.
type info struct {
	Process
	parent int
	name   string // of its program, perhaps cut short
}

// Of is the process that has a number now, or ErrGone.
func Of(pid int) (Process, error) {
	found, err := look(pid)
	if err != nil {
		return Process{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return found.Process, nil
}

// Self is this process.
func Self() (Process, error) { return Of(os.Getpid()) }

// Alive reports whether a process still runs. One that has ended and was not waited for does not. Where the system does not
// tell, it is taken to run.
func Alive(p Process) bool {
	now, err := look(p.PID)
	if err != nil {
		return !errors.Is(err, ErrGone)
	}
	return now.Process == p
}

// Name is the name of a process's program without folders, perhaps cut short; empty where it is not known.
func Name(p Process) string {
	now, err := look(p.PID)
	if err != nil || now.Process != p {
		return ""
	}
	return now.name
}

// maxChain bounds a chain: none is as long unless numbers were used again while it was read.
const maxChain = 64

// Chain lists the processes above the one with a number: its parent, that one's parent and so on, without the system's first.
func Chain(pid int) []Process {
	var chain []Process
	below, err := look(pid)
	for err == nil && below.parent > 1 && len(chain) < maxChain {
		above, failed := look(below.parent)
		if failed != nil || above.Start > below.Start {
			break // the parent is gone, and its number is another's
		}
		chain = append(chain, above.Process)
		below, err = above, failed
	}
	return chain
}
