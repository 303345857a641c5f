package proc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// look reads /proc/PID/stat: "pid (name) state ppid … starttime …"; the name may hold spaces and parentheses.
func look(pid int) (info, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return info{}, ErrGone
	}
	if err != nil {
		return info{}, err
	}
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return info{}, errors.New("the system's table cannot be read")
	}
	fields := bytes.Fields(text[end+1:]) // from the third field on
	if len(fields) < 20 {
		return info{}, errors.New("the system's table cannot be read")
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' {
		return info{}, ErrGone
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return info{}, err
	}
	start, err := strconv.ParseUint(string(fields[19]), 10, 64)
	return info{Process{pid, start}, parent, string(text[open+1 : end])}, err
}
