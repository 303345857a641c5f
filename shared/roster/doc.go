// Package roster is the signed log of who belongs to a mesh: its statements as bytes, and their fold to members, devices,
// roles, invites, topics and epochs (docs/PROTOCOL.md, section 3).
//
// Relay and peers fold with the same code: the relay before it appends, every peer again, so that a relay can withhold but
// not forge. A State is not safe for use by several goroutines at once.
//
// What it does not do: open or seal anything (names, profiles, wraps, escrows are opaque bytes here), hold private keys,
// read a clock, or store.
package roster
