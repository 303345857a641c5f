//go:build unix

package home

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func lockFile(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrHeld
	}
	if err != nil {
		return fmt.Errorf("take the lock: %w", err)
	}
	return nil
}

// keepPrivate lets nobody else connect to a socket, even where its folder were open.
func keepPrivate(path string) error { return os.Chmod(path, 0o600) }

// ownPrivate refuses a folder for sockets that somebody else made or may enter.
func ownPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the folder for sockets: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a folder that only you may enter; remove it, or set XDG_RUNTIME_DIR", dir)
	}
	return nil
}
