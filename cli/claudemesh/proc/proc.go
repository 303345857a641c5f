// Package proc tells processes apart: by their number and by when they began, since numbers are used again.
//
// It starts and ends none.
package proc

// Process is one process of this machine. Start is when it began, in the system's own unit: it means nothing but that a
// process with the same number and another start is another one.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
}
