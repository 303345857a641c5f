package home_test

import (
	"os"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/home"
)

// A sentence may hold what a relay says of a refusal. It makes no line of its own and moves no cursor, and the file stays small
// and for its owner alone.
func TestLogHoldsLines(t *testing.T) {
	h, _ := open(t)
	file, err := home.OpenLog(h.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	log := home.NewLog(file)
	log.Add("refused: no\r\n2026-11-22T00:00:00Z asked to end\x1b[2J\u009b2J\u202e\u2028\xff.")
	text, err := os.ReadFile(h.LogPath())
	if lines := strings.Split(string(text), "\n"); err != nil || len(lines) != 2 || strings.ContainsAny(lines[0], "\r\x1b\u009b\u202e\u2028") || !strings.Contains(lines[0], "asked to end") {
		t.Errorf("%q, %v", text, err)
	}
	for range 2000 {
		log.Add(strings.Repeat("long ", 10_000))
	}
	info, err := os.Stat(h.LogPath())
	if err != nil || info.Size() > home.MaxLog || info.Mode().Perm() != 0o600 {
		t.Errorf("%+v, %v", info, err)
	}
	if text, _ = os.ReadFile(h.LogPath()); len(text) == 0 || strings.Index(string(text), "\n") > 4096 {
		t.Errorf("a line has %d bytes", strings.Index(string(text), "\n"))
	}
}
