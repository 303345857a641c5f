package agent

import (
	"fmt"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// shortest is how many digits of a mesh's id name it. From Sure on they name nothing else: no mesh can be made so that its id begins
// with so many digits that were chosen, while anybody can give a mesh any name.
const (
	shortest = 8
	Sure     = 16
)

// Known is a mesh of this machine by what names it.
type Known struct {
	Name string
	ID   wire.MeshID
}

// names reports whether what was given is the mesh's name, or 8 digits or more of its id.
func (k Known) names(want string) bool { return want == k.Name || k.begins(want) }

func (k Known) begins(want string) bool {
	return len(want) >= shortest && strings.HasPrefix(k.ID.String(), strings.ToLower(want))
}

// Meant are the meshes that --mesh can mean. More than one: it is ambiguous, and means none of them.
func Meant(want string, known []Known) []Known {
	meant := slices.DeleteFunc(slices.Clone(known), func(k Known) bool { return !k.begins(want) })
	if len(want) >= Sure && len(meant) > 0 {
		return meant
	}
	return slices.DeleteFunc(slices.Clone(known), func(k Known) bool { return !k.names(want) })
}

// List names meshes with as much of their ids as tells them apart. The names are as members gave them.
func List(meshes []Known) string {
	all := make([]string, len(meshes))
	for i, m := range meshes {
		all[i] = fmt.Sprintf("%s (%s)", m.Name, m.ID.String()[:Sure])
	}
	return strings.Join(all, ", ")
}
