//go:build !race && !js

package simulation

const defaultSeeds = 200
