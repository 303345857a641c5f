package frame

import (
	"fmt"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
)

// placesMax is how many meshes a note names.
const placesMax = 8

// Note tells an agent in one line who it is in which meshes, and how many messages wait: empty where it is in none. The names are
// quoted, short, and without what could end a quotation: whoever made a mesh named it.
func Note(places []daemon.Place, waiting int) string {
	if len(places) == 0 {
		return ""
	}
	var who []string
	for _, place := range places[:min(len(places), placesMax)] {
		who = append(who, fmt.Sprintf(`"%s" in the mesh "%s"`, Word(place.Name), Word(place.Mesh)))
	}
	if more := len(places) - placesMax; more > 0 {
		who = append(who, fmt.Sprintf("and in %d more", more))
	}
	text := "claudemesh: you are " + strings.Join(who, ", ") + "."
	switch waiting {
	case 0:
	case 1:
		text += " 1 message waits for you."
	default:
		text += fmt.Sprintf(" %d messages wait for you.", waiting)
	}
	return text
}
