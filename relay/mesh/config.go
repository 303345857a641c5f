package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Config is what an operator decides, and the bounds on what strangers and members can make the core hold.
type Config struct {
	// Origins are the relay's public origins in canonical form (wire.CanonicalOrigin); a hello signs one of them.
	Origins []string

	Handshake time.Duration // from opened to hello
	Silence   time.Duration // a connection on which nothing came for so long is dropped
	Grace     time.Duration // how long a session is away before it is offline

	Connections       int // of the mesh, welcome or not
	DeviceConnections int // of one device
	Sessions          int // of the mesh: online, away and the last offline one of each member
	Tails             int // of one connection
	Tracked           int // sends whose delivery one connection waits for
	Statements        int // of the roster
	RosterBytes       int // of the roster

	Sends   Rate // of one member
	Appends Rate // of one member: statements and cards
}

// Rate is a token bucket: Burst at once, PerSecond in the long run. PerSecond 0 means without limit.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// DefaultConfig has the protocol's times and generous bounds.
func DefaultConfig(origins ...string) Config {
	return Config{
		Origins:           origins,
		Handshake:         wire.HandshakeSeconds * time.Second,
		Silence:           wire.SilenceSeconds * time.Second,
		Grace:             wire.GraceSeconds * time.Second,
		Connections:       20_000,
		DeviceConnections: 64,
		Sessions:          20_000,
		Tails:             1024,
		Tracked:           4096,
		Statements:        200_000,
		RosterBytes:       256 << 20,
		Sends:             Rate{PerSecond: 500, Burst: 5000},
		Appends:           Rate{PerSecond: 10, Burst: 200},
	}
}
