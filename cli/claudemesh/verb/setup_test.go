package verb

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// The command that undoes a setup is shown so that a shell starts this program with it, whatever is in its path.
func TestUndoLineIsPastable(t *testing.T) {
	for _, name := range []string{"bin", "with space", "it's", `q"uote`, "$(touch made)", "`touch made`", "semi;touch made", "line\nfeed", "star*", "two && touch made"} {
		program := filepath.Join(t.TempDir(), name, "claudemesh")
		if err := errors.Join(os.Mkdir(filepath.Dir(program), 0o755), os.WriteFile(program, []byte("#!/bin/sh\necho \"$*\"\n"), 0o755)); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		c := &call{Env: Env{Stdout: &out}}
		m := setup.Machine{Program: program, Config: t.TempDir(), LookPath: func(string) (string, error) { return "", exec.ErrNotFound }}
		c.showSetup(m, setup.Codex, setupVerb{}, nil, "")
		_, shown, _ := strings.Cut(out.String(), "To undo this: ")
		paste := exec.Command("sh", "-c", shown)
		paste.Dir = t.TempDir()
		said, err := paste.CombinedOutput()
		if err != nil || string(said) != "setup codex --undo\n" {
			t.Errorf("%s: %q (%v)", shown, said, err)
		}
		if made, err := os.ReadDir(paste.Dir); err != nil || len(made) > 0 {
			t.Errorf("%s made %v, %v", shown, made, err)
		}
	}
}
