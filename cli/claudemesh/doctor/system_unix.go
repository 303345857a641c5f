//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"syscall"
)

// freeSpace is what is left for us on the disk of a folder, in bytes.
func freeSpace(folder string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), nil
}

// foreignOwner is the owner of a file where that is not this user.
func foreignOwner(info fs.FileInfo) (int, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), int(stat.Uid) != os.Getuid()
}
