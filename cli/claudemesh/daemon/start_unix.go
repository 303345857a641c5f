//go:build unix

package daemon

import (
	"os/exec"
	"syscall"
)

// detach gives a command a session of its own: it outlives the terminal, and no Ctrl-C reaches it.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
