// Package peer is the peer core: one device in one mesh, as a state machine without I/O (docs/PROTOCOL.md, sections 3 to 10).
//
// Core takes the present time, entropy and an Input; what it wants done comes out of Take as a Batch: operations for a store,
// and Outputs (frames, key operations, events) that Batch.Committed lets go once the operations are durable. A commit that
// failed or whose outcome is unknown ends the core: its user loads a new one from the store.
//
// What it does not do: read a clock, draw entropy, touch a key, a store or a socket, start a goroutine. Package driver does
// that, and is what programs use.
package peer
