// Command vectors writes the golden vectors of shared/vectors: `go run ./scripts/vectors` from the repository's root. Its own
// test fails while the files there are not what it makes.
//
// Everything in them follows from fixed seeds, so that a second run changes nothing. The vectors are the protocol: when a
// file changes that was released, so did what peers in the field understand.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"claudemesh.com/mesh/shared/vectors"
)

// groups are the folders of shared/vectors, each with what fills it.
var groups = []struct {
	folder string
	fill   func(*group)
}{
	{"wire", wireVectors},
	{"identity", identityVectors},
	{"seal", sealVectors},
	{"keyring", keyringVectors},
	{"message", messageVectors},
	{"card", cardJSONVectors},
	{"roster", rosterVectors},
	{"invite", inviteVectors},
	{"enroll", enrollVectors},
}

func main() {
	for _, g := range groups {
		if err := write(filepath.Join("shared", "vectors", g.folder), fill(g.folder, g.fill)); err != nil {
			fmt.Fprintln(os.Stderr, "vectors:", err)
			os.Exit(1)
		}
	}
}

// write replaces the folder's vectors.
func write(folder string, list []vectors.Vector) error {
	old, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, v := range list {
		if err := os.WriteFile(filepath.Join(folder, "..", v.Name+".txt"), []byte(v.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
