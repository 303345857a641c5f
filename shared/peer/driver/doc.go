// Package driver runs the peer core over a connection, a store and keys. It is what the browser peer and the command line
// stand on, so that they hold no protocol of their own.
//
// A Host hands in the world: how to dial, fetch, store, sign, tell time and draw entropy. Create, Preview and Join bring a
// device into a mesh; Open gives a Driver for a device that is in one. A store belongs to one device in one mesh, and one
// Driver at a time may use it: who runs several programs on one store holds a lock beside it.
//
// What it does not do: choose where things are stored, print, or decide what the protocol's rules are.
package driver
