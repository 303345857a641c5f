// Package wire is the protocol's ids, frames, envelopes, limits and codes, as bytes.
//
// The layouts stand beside the constants of each file and are those of docs/PROTOCOL.md. Hot frames (send, deliver,
// accepted, cursor, delivered, live) are parsed in place and appended to caller-owned buffers, without allocation; the
// rest carry JSON. Nothing here keeps state, so everything may be called from any goroutine.
//
// What it does not do: sign, seal, verify, or decide who may send what.
package wire
