package proc

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// zombie is the state of a process of which only the exit code is left.
const zombie = 5

func look(pid int) (info, error) {
	found, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EIO) { // no process has this number: the answer is empty
		return info{}, ErrGone
	}
	if err != nil {
		return info{}, err
	}
	if int(found.Proc.P_pid) != pid || found.Proc.P_stat == zombie {
		return info{}, ErrGone
	}
	began := found.Proc.P_starttime
	name, _, _ := bytes.Cut(found.Proc.P_comm[:], []byte{0})
	return info{Process{pid, uint64(began.Sec)*1e6 + uint64(began.Usec)}, int(found.Eproc.Ppid), string(name)}, nil
}
