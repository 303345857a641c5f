// Package indexeddb is driver.Store over IndexedDB: one database for each device, one object store for each bucket, binary
// keys and values.
//
// Invariants:
//   - A commit is one transaction with durability "strict": all of it or nothing, and on the disk when Commit returns nil.
//   - Each opening raises the database's fencing number, and each commit reads it in its own transaction. A store that was
//     opened again elsewhere commits nothing more (wire.CodeInUse), whatever it was in the middle of.
//   - All bytes are complete before a transaction opens, since awaiting anything else would end it.
//   - Open never makes a database where one was expected: that it is gone means that the browser evicted it, and is told
//     (ErrEvicted) and not papered over with an empty one.
//   - A database that a newer build wants to change closes itself, also when the Go program that opened it is dead.
//
// Besides the buckets a database holds one JavaScript object, the device's CryptoKeys, which have no bytes.
//
// What it does not do: encrypt, cache, or know what the buckets hold.
package indexeddb
