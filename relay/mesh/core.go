package mesh

import (
	"io"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Core is the state of one mesh on one relay.
type Core struct {
	config Config
	mesh   wire.MeshID
}

// New folds a snapshot. Sessions that it shows online are away from now on, until they come back or their grace ends.
// CodeBadRoster: the store holds a roster that breaks the rules.
func New(config Config, snapshot Snapshot, now time.Time) (*Core, error) {
	return &Core{config: config, mesh: snapshot.Mesh}, nil
}

// Handle takes one event. entropy gives random bytes (nonces, invite codes); it must not fail. It is never called between
// Take and Committed.
func (c *Core) Handle(now time.Time, entropy io.Reader, ev Event) {}

// Take gives what the events since the last Committed want committed. The adapter then calls Committed, at once where
// the batch is empty and else with the store's verdicts.
func (c *Core) Take() Batch { return Batch{Mesh: c.mesh} }

// Committed takes the verdicts of the batch, one for each op, and gives everything to be let go, in order. The slice is
// valid until the next call of Handle.
func (c *Core) Committed(now time.Time, verdicts []Verdict) []Output { return nil }

// Deadline is when the next EventTick is due; zero: none.
func (c *Core) Deadline() time.Time { return time.Time{} }

// Idle reports whether the core has no connections and waits for nothing, so that the adapter may drop it.
func (c *Core) Idle() bool { return true }
