module claudemesh.com/mesh/scripts/wycheproof

go 1.26.0

replace claudemesh.com/mesh => ../..

require (
	claudemesh.com/mesh v0.0.0
	golang.org/x/crypto v0.58.0
)

// Vectors, which the tests read as files. No package imports these two, so `go mod tidy` would take them away.
require (
	filippo.io/mostly-harmless/ed25519vectors v0.0.0-20210322192420-30a2d7243a94
	github.com/google/wycheproof v0.0.0-20191219022705-2196000605e4
)

require golang.org/x/sys v0.49.0 // indirect
