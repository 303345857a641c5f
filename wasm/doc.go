// The program wasm is the browser peer: it puts the API of peer.d.ts on the global scope of the worker that runs it
// (globalThis.claudemeshPeer, and then it calls globalThis.claudemeshReady).
//
// This folder only wires. Package api is the API over shared/peer/driver, without JavaScript, so that it runs in native
// tests too; webcrypto, indexeddb, websocket and fetch are the browser's keys, store, connections and requests; demo is
// how the two demo agents behave.
//
// What it does not do: show anything, decide which worker runs it (web/src/worker does, with a Web Lock), or start
// itself again after a panic (the worker does that too; everything comes back from IndexedDB).
package main
