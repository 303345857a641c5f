//go:build unix

package setup

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the one that it replaces, where the system lets us: root may set up a user.
func keepOwner(old, new string) {
	if info, err := os.Stat(old); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			os.Chown(new, int(stat.Uid), int(stat.Gid))
		}
	}
}
