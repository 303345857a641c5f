// Package api is the browser peer behind the JavaScript interface of wasm/peer.d.ts: several meshes in one program, each a
// device with keys and a store of its own, driven by shared/peer/driver.
//
// Peer has a method for each of the interface; Methods is the table by which the program exports them, and Events what it
// tells. A test compares both, with every field of every view, with peer.d.ts. There is no JavaScript in here: the browser
// comes in as a Platform, so that all of this runs in native tests too.
//
// The list of devices is a store of its own, the register. A device stands there from before its keys are made until it is
// deleted, so that what was begun (a mesh being made, an invite being claimed) goes on after a crash or a reload.
//
// What it does not do: any protocol or cryptography, choose which worker runs it, or restart after a panic.
package api
