//go:build linux || darwin

package main

import "syscall"

// freeBytes is what this user can still write to the file system of a folder; false: nobody knows.
func freeBytes(folder string) (float64, bool) {
	var fs syscall.Statfs_t
	if syscall.Statfs(folder, &fs) != nil {
		return 0, false
	}
	return float64(fs.Bavail) * float64(fs.Bsize), true
}
