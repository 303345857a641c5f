package enroll

import (
	"context"
	"io"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
)

// Founded is a new mesh that no relay knows yet.
type Founded struct {
	Root       keyring.Root
	Statements [][]byte      // genesis and the founder's profile: what POST /api/public/meshes takes
	State      *roster.State // both folded
}

// Found makes a mesh with the device as its owner. name and display are those of the mesh and of the founder; now is the
// device's clock in milliseconds since 1970. Names that the protocol does not allow are malformed.
func Found(ctx context.Context, keys identity.Keys, entropy io.Reader, name, display string, now uint64) (*Founded, error) {
	panic("unwritten")
}

// Sign signs a draft with the device's key and puts the statement together. It is for every kind but a join.
func Sign(ctx context.Context, keys identity.Keys, draft roster.Draft) ([]byte, error) {
	panic("unwritten")
}
