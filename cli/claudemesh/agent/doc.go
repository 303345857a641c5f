// Package agent decides what the agent sessions of a machine are shown and what is shown of them: a Queue holds the messages
// of one mesh for them, the Registry knows who they are and what each is doing.
//
// Both are without clock, I/O and goroutines: time comes with each call, what must be kept goes out as rows. They are not
// safe for concurrent use. The package speaks to no relay, reads no message's text and starts no process.
package agent
