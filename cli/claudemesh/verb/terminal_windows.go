package verb

import "claudemesh.com/mesh/cli/claudemesh/proc"

// terminal is the process of the shell in which a command runs.
func terminal(chain []proc.Process) *proc.Process {
	if len(chain) == 0 {
		return nil
	}
	return &chain[0]
}
