package agent

import (
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// shortest is how many digits of a mesh's id name it.
const shortest = 8

// Names reports whether what --mesh was given means the mesh of this name and id: its name, or 8 digits or more of the id.
func Names(want, name string, mesh wire.MeshID) bool {
	return want == name || len(want) >= shortest && strings.HasPrefix(mesh.String(), strings.ToLower(want))
}
