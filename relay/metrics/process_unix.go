//go:build unix

package metrics

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

func (r *Registry) process() {
	r.Func("counter", "process_cpu_seconds_total", "CPU time of the process, its own and the system's for it.", func() float64 {
		var u syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
			return 0
		}
		return seconds(u.Utime) + seconds(u.Stime)
	})
	if _, err := os.ReadDir(descriptors); err == nil {
		r.Func("gauge", "process_open_fds", "Open file descriptors.", func() float64 {
			open, _ := os.ReadDir(descriptors)
			return float64(len(open) - 1) // without the one that reads this
		})
	}
	if _, err := os.ReadFile(memory); err == nil {
		r.Func("gauge", "process_resident_memory_bytes", "Bytes of the process that are in memory.", func() float64 {
			text, _ := os.ReadFile(memory)
			fields := bytes.Fields(text)
			if len(fields) < 2 {
				return 0
			}
			pages, _ := strconv.ParseFloat(string(fields[1]), 64)
			return pages * float64(os.Getpagesize())
		})
	}
	r.Func("gauge", "process_max_fds", "File descriptors that the process may have open.", func() float64 {
		var limit syscall.Rlimit
		if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
			return 0
		}
		return float64(limit.Cur)
	})
}

// Where Linux tells of it: a list, and numbers of pages of which the second is what is in memory.
const (
	descriptors = "/proc/self/fd"
	memory      = "/proc/self/statm"
)

func seconds(t syscall.Timeval) float64 { return float64(t.Nano()) / 1e9 }
