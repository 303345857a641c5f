package doctor

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// freeSpace is what is left for us on the disk of a folder, in bytes.
func freeSpace(folder string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	return free, windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
}

// foreignOwner has nothing to compare: files have no user's number on this system.
func foreignOwner(fs.FileInfo) (int, bool) { return 0, false }
