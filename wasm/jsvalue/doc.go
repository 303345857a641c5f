// Package jsvalue moves bytes, promises and thrown errors between Go and JavaScript, for the browser's adapters.
//
// Each crossing costs microseconds, so callers hand over whole batches. Everything here is built for js/wasm only and
// may be called from any goroutine, but Await never from a function that JavaScript called: that blocks the page's
// event loop for good.
//
// What it does not do: know any browser API but Uint8Array and Promise.
package jsvalue
