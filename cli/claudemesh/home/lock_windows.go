package home

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

func lockFile(file *os.File) error {
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	if err != nil {
		return fmt.Errorf("take the lock: %w", err)
	}
	return nil
}

// keepPrivate has nothing to do: what lies in the user's temporary folder is the user's alone.
func keepPrivate(string) error { return nil }

// ownPrivate has nothing to check: the user's temporary folder is private on this system.
func ownPrivate(string) error { return nil }
