//go:build unix

package verb

import (
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"golang.org/x/sys/unix"
)

// terminal is the process of the terminal in which a command runs: the one that leads its session, where that is above the
// command, and else the command's parent.
func terminal(chain []proc.Process) *proc.Process {
	if len(chain) == 0 {
		return nil
	}
	leader, err := unix.Getsid(0)
	for i := range chain {
		if err == nil && chain[i].PID == leader {
			return &chain[i]
		}
	}
	return &chain[0]
}
