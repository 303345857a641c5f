//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// giveTo gives a file the owner of another, which a relay runs as, and not who commands it.
func giveTo(file *os.File, other os.FileInfo) error {
	if of, ok := other.Sys().(*syscall.Stat_t); ok && int(of.Uid) != os.Geteuid() {
		return file.Chown(int(of.Uid), int(of.Gid))
	}
	return nil
}
