package proc

import (
	"errors"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// running is the exit code of a process that has none yet.
const running = 259

func look(pid int) (info, error) {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return info{}, ErrGone
	}
	if err != nil {
		return info{}, err
	}
	defer windows.CloseHandle(handle)
	var code uint32
	if err := windows.GetExitCodeProcess(handle, &code); err == nil && code != running {
		return info{}, ErrGone
	}
	var began, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &began, &ended, &kernel, &user); err != nil {
		return info{}, err
	}
	parent, name, err := entry(uint32(pid))
	if err != nil {
		return info{}, err
	}
	return info{Process{pid, uint64(began.Nanoseconds())}, parent, name}, nil
}

// entry finds a process in the system's list, which alone tells its parent.
func entry(pid uint32) (parent int, name string, err error) {
	list, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return 0, "", err
	}
	defer windows.CloseHandle(list)
	e := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(list, &e); err == nil; err = windows.Process32Next(list, &e) {
		if e.ProcessID == pid {
			return int(e.ParentProcessID), strings.ToLower(strings.TrimSuffix(windows.UTF16ToString(e.ExeFile[:]), ".exe")), nil
		}
	}
	return 0, "", ErrGone
}
