package mesh_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the core does now into testdata")

// TestScripts runs testdata/*.txt: blocks of commands (commands_test.go), a line of dashes, and what the core lets go. A block
// ends with an empty line. Run with -update to write the outputs, then read the difference.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s: the core does something else now:\n%s", file, firstDifference(string(text), got))
			}
			if again := runScript(t, string(text)); again != got {
				t.Errorf("%s: two runs of one script differ:\n%s", file, firstDifference(got, again))
			}
		})
	}
}

func runScript(t *testing.T, text string) string {
	w := newWorld(t)
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		w.out.Reset()
		for line := range strings.SplitSeq(commands, "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				w.run(line)
			}
		}
		out.WriteString(commands + "\n----\n" + w.out.String() + "\n")
	}
	return out.String()
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(0, i-6)
			return "want " + strings.Join(a[from:i+1], "\n     ") + "\ngot  " + b[i]
		}
	}
	return "one is longer than the other"
}
