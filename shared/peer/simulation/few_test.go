//go:build race || js

package simulation

// With the race detector, or in a browser, a world takes many times as long, and it has one goroutine: a few show what is there
// to be found.
const defaultSeeds = 30
