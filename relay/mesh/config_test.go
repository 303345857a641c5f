package mesh

import (
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// A mesh that is full of devices can still remove its largest member: last counters and a wrap for each device that stays fit a
// statement.
func TestRotationOfAFullMeshFits(t *testing.T) {
	const (
		frame = 1 + 1 + 3*wire.IDSize + 8 + 4 + 4 + 64 // of every statement
		last  = wire.IDSize + 8
		wrap  = wire.IDSize + wire.NonceSize + 2 + 171
	)
	c := DefaultConfig("http://localhost")
	size := frame + wire.IDSize + 2 + c.MemberDevices*last + wire.CommitmentSize + 2 + 72 + 2 + c.Devices*wrap
	if size > wire.MaxStatement {
		t.Errorf("it would hold %d bytes, and a statement at most %d", size, wire.MaxStatement)
	}
}
