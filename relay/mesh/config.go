package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Config is what an operator decides, and the bounds on what strangers and members can make the core hold.
type Config struct {
	// Node is this relay among those that use its store; zero: there are no others.
	Node NodeID

	// Origins are the relay's public origins in canonical form (wire.CanonicalOrigin); a hello signs one of them.
	Origins []string

	Handshake time.Duration // from opened to hello
	Silence   time.Duration // a connection on which nothing came for so long is dropped
	Grace     time.Duration // how long a session is away before it is offline

	Connections       int // of the mesh, welcome or not
	Handshakes        int // connections of the mesh that are not welcome yet; at the bound the oldest goes
	DeviceConnections int // of one device
	MemberSessions    int // of one member: online, away and its last offline one
	Sessions          int // of the mesh
	MemberCards       int // bytes in the cards of one member's sessions
	Cards             int // bytes in all cards: with all sessions, less than the adapter lets wait for a connection
	Tails             int // of one connection
	InboxTracked      int // sends to one inbox whose delivery is still to be told
	Tracked           int // the same, of the mesh
	Devices           int // of the mesh; a rotation holds one wrap for each, in a statement of at most 768 KiB (229 bytes each)
	MemberDevices     int // of one member
	Statements        int // of the roster; as many again where they take rights away
	RosterBytes       int // of the roster, likewise
	MemberStatements  int // of the roster, by one member that is neither owner nor admin

	Keep        Retention
	MeshBytes   uint64 // kept of all members' sends, in a store; above it, sends are refused with CodeQuota. 0: no bound
	MemberBytes uint64 // the same, of one member's sends

	Sends    Rate // of one member
	Bytes    Rate // of one member's sends, once for each recipient: what they take of the disk
	AllSends Rate // of the mesh, so that it does not take the relay from others
	AllBytes Rate // likewise
	Appends  Rate // of one member: statements
	Shows    Rate // of one member: cards, of all its sessions
	Errors   Rate // of one connection: frames that are answered with an error; above it, the connection is closed
}

// Retention is what a relay drops of inboxes and topics, never of a roster: whole chunks (what one commit appended to one
// stream), the oldest first. A zero field is no reason to drop anything.
type Retention struct {
	Age   time.Duration // what is older goes
	Count uint64        // of one stream: at least so many of the newest entries stay, and what is beyond them goes
	Bytes uint64        // of one stream, likewise, as a store counts them (Amount)
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
		Handshakes:        1024,
		DeviceConnections: 64,
		MemberSessions:    256,
		Sessions:          5000,
		MemberCards:       128 << 10,
		Cards:             3 << 19,
		Tails:             1024,
		InboxTracked:      4096,
		Tracked:           1 << 18,
		Devices:           3200,
		MemberDevices:     32,
		Statements:        200_000,
		RosterBytes:       256 << 20,
		MemberStatements:  1000,
		Keep:              Retention{Age: 90 * 24 * time.Hour},
		MeshBytes:         4 << 30,
		MemberBytes:       1 << 30,
		Sends:             Rate{PerSecond: 500, Burst: 5000},
		Bytes:             Rate{PerSecond: 2 << 20, Burst: 64 << 20},
		AllSends:          Rate{PerSecond: 10_000, Burst: 200_000},
		AllBytes:          Rate{PerSecond: 64 << 20, Burst: 1 << 30},
		Appends:           Rate{PerSecond: 10, Burst: 200},
		Shows:             Rate{PerSecond: 10, Burst: 512}, // twice as many as a member has sessions, when all come back at once
		Errors:            Rate{PerSecond: 1, Burst: 2 * wire.MaxTail},
	}
}

// bucket is the state of a Rate; the zero value is full.
type bucket struct {
	spent float64
	at    time.Time
}

// take reports whether one more is allowed now, and counts it.
func (b *bucket) take(rate Rate, now time.Time) bool { return b.takeMany(rate, now, 1) }

// takeMany is take for n at once.
func (b *bucket) takeMany(rate Rate, now time.Time, n int) bool {
	if rate.PerSecond <= 0 {
		return true
	}
	if now.After(b.at) {
		b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate.PerSecond)
		b.at = now
	}
	if b.spent+float64(n) > rate.Burst {
		return false
	}
	b.spent += float64(n)
	return true
}
