package store

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// raise is how many generations a restored store skips, beside the minutes that have passed. The generation goes ahead of the
// clock only where a relay starts more than once a minute; this covers as many starts since the backup was made.
const raise = 1 << 14

// RestoredGeneration is the generation of positions behind which a store begins that was put back from a backup with the generation
// old, for a relay that begins at a time or later: it gives no position that was given since the backup (docs/PROTOCOL.md,
// section 8).
func RestoredGeneration(old uint32, now time.Time) uint32 {
	return uint32(min(int64(wire.NextGeneration(old, now))+raise, wire.MaxGeneration))
}
