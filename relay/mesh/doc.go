// Package mesh is the relay's core of one mesh: a deterministic state machine without I/O.
//
// An adapter feeds it events (Handle), takes the operations that they gave (Take), commits them in one transaction of a
// store, and hands the verdicts back (Committed). Only Committed gives outputs, so that nothing, neither accepted nor a
// delivery nor a reply, leaves before what it tells of is durable. The cycle is
//
//	Handle* → Take → commit → Committed → outputs → Handle* …
//
// with one batch in flight: between Take and Committed the core takes no event. A batch without operations needs no
// commit; Committed is then called at once with no verdicts. When a commit fails, its outcome is unknown: the adapter drops
// the core and its connections without a word and loads the mesh again.
//
// The core gates every send and statement against the folded roster and against what earlier events of the same batch
// did to it; the store checks in the same transaction that no one else moved the mesh meanwhile.
//
// Several relays, each a node with a core of its own, may work on one mesh in a shared store (Config.Node). What the others did
// comes as Elsewhere.
//
// What it does not do: sockets, clocks, goroutines, randomness, storage, HTTP, or anything with the sealed parts of what
// passes through it. It holds no key. One core is used from one goroutine at a time.
package mesh
