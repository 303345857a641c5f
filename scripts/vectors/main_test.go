package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The files are the protocol: a change of the code that would change one must be seen.
func TestFilesAreWhatIsMade(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "vectors")
	for _, g := range groups {
		t.Run(g.folder, func(t *testing.T) {
			made := map[string]string{}
			for _, v := range fill(g.folder, g.fill) {
				made[filepath.FromSlash(v.Name)+".txt"] = v.String()
			}
			files, err := filepath.Glob(filepath.Join(root, g.folder, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				name := filepath.Join(g.folder, filepath.Base(file))
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if want, ok := made[name]; !ok {
					t.Errorf("nothing makes %s", name)
				} else if string(text) != want {
					t.Errorf("%s is not what is made", name)
				}
				delete(made, name)
			}
			for name := range made {
				t.Errorf("%s is missing: go run ./scripts/vectors", name)
			}
		})
	}
}
