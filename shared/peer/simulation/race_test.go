//go:build race

package simulation

// The race detector makes a world ten times as slow, and a world has one goroutine: a few show what it can find.
const defaultSeeds = 30
