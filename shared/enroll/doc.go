// Package enroll is what a peer does around belonging to a mesh: founding one, making an invite with its escrow and preview,
// joining by one, and what must hold before a claim's answer is trusted (docs/PROTOCOL.md, sections 3 and 4).
//
// Where a device must sign, the bytes to sign are given out and the signature is taken back, because keys can be slow and
// asynchronous; Sign does both for those that may wait. Everything here is safe to call from any goroutine, but for the
// roster.State that is handed in.
//
// What it does not do: speak to a relay, store, or choose names.
package enroll
