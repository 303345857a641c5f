package verb

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/home"
)

// withAgents is a call on a machine that has Gemini CLI and Cursor, at a terminal where somebody types.
func withAgents(t *testing.T, typed string) (c *call, said *strings.Builder, connected func(agent string) bool) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("USERPROFILE", user)
	t.Setenv("PATH", "")
	t.Setenv(home.Env, "")
	for _, name := range []string{"CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "OPENCODE_CONFIG"} {
		t.Setenv(name, "")
	}
	for _, folder := range []string{".gemini", ".cursor"} {
		if err := os.Mkdir(filepath.Join(user, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	said = &strings.Builder{}
	c = &call{Env: Env{Stdin: strings.NewReader(typed), Stdout: said, Stderr: said, Asks: true, ConfigDir: filepath.Join(user, "claudemesh")}}
	return c, said, func(agent string) bool {
		file := map[string]string{"gemini": ".gemini/settings.json", "cursor": ".cursor/mcp.json"}[agent]
		text, err := os.ReadFile(filepath.Join(user, file))
		return err == nil && strings.Contains(string(text), `"claudemesh"`)
	}
}

func TestConnectAgents(t *testing.T) {
	for _, c := range []struct {
		name, typed    string
		asks, yes      bool
		gemini, cursor bool
		questions      int
		says           []string
	}{
		{"an empty line and a no", "\nn\n", true, false, true, false, 2, []string{"Gemini CLI is connected.", "later", "setup cursor"}},
		{"a no and a yes", "No\nyes\n", true, false, false, true, 2, []string{"setup gemini", "Cursor is connected."}},
		{"what is neither", "perhaps\ny\n", true, false, false, true, 2, []string{"setup gemini"}},
		{"nobody types", "", true, false, false, false, 2, []string{"setup gemini", "setup cursor"}},
		{"no terminal", "\n\n", false, false, false, false, 0, []string{"setup gemini", "setup cursor"}},
		{"--yes", "", false, true, true, true, 0, []string{"Gemini CLI is connected.", "Cursor is connected."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call, said, connected := withAgents(t, c.typed)
			call.Asks = c.asks
			call.connectAgents(t.Context(), c.yes)
			if connected("gemini") != c.gemini || connected("cursor") != c.cursor {
				t.Errorf("gemini %v, cursor %v; want %v and %v:\n%s", connected("gemini"), connected("cursor"), c.gemini, c.cursor, said)
			}
			if n := strings.Count(said.String(), "[Y/n]"); n != c.questions {
				t.Errorf("%d questions, want %d:\n%s", n, c.questions, said)
			}
			for _, want := range c.says {
				if !strings.Contains(said.String(), want) {
					t.Errorf("nothing says %q:\n%s", want, said)
				}
			}
		})
	}
}

// One agent whose file cannot be changed stops neither the others nor the join.
func TestConnectAgentsGoesOn(t *testing.T) {
	c, said, connected := withAgents(t, "\n\n")
	broken := filepath.Join(os.Getenv("HOME"), ".gemini", "settings.json")
	if err := os.WriteFile(broken, []byte("{ not JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.connectAgents(t.Context(), false)
	if !connected("cursor") || !strings.Contains(said.String(), "Gemini CLI was not connected") {
		t.Errorf("%s", said)
	}
	if text, err := os.ReadFile(broken); err != nil || string(text) != "{ not JSON" {
		t.Errorf("the broken file became %q (%v)", text, err)
	}

	// What is connected is not asked about again.
	said.Reset()
	c.Stdin = strings.NewReader("")
	c.connectAgents(t.Context(), false)
	if !strings.Contains(said.String(), "Cursor is connected already.") || strings.Contains(said.String(), "Connect Cursor") {
		t.Errorf("a second time: %s", said)
	}
}

// An interrupt ends a question that nobody answers.
func TestAskIsInterrupted(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c := &call{Env: Env{Stdin: r, Stdout: writer(func([]byte) { cancel() }), Asks: true}}
	if _, err := c.ask(ctx, "Well? "); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestAskTakesOneLine(t *testing.T) {
	in := strings.NewReader(" first \r\nsecond\nlast")
	c := &call{Env: Env{Stdin: in, Stdout: io.Discard}}
	for _, want := range []string{"first", "second"} {
		if got, err := c.ask(t.Context(), ""); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if got, err := c.ask(t.Context(), ""); !errors.Is(err, io.EOF) {
		t.Errorf("a line that was not ended: %q, %v", got, err)
	}
	c.Stdin = strings.NewReader(strings.Repeat("y", 1<<20))
	if _, err := c.ask(t.Context(), ""); err == nil {
		t.Error("a line of a megabyte is taken")
	}
}
