// Package invite is what an invite is made of: the secret and the keys that follow from it, the code, the link, and the JSON
// of the two public routes (docs/PROTOCOL.md, section 4).
//
// Everything here is safe to call from any goroutine.
//
// What it does not do: seal or open escrow and preview (shared/enroll does), sign as a device, or judge whether an invite can
// still be used (shared/roster does).
package invite
