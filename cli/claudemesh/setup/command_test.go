package setup_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/hook"
	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// The mesh and a folder of claudemesh's that is not the usual one stand in the entries; a later setup without them takes them out.
func TestPinned(t *testing.T) {
	for _, agent := range setup.Agents() {
		m, _ := machine(t)
		m.Mesh, m.Pinned = "Harbour team", true
		m.Program = "/usr/bin/claudemesh"
		files := set(t, m, agent)
		text, _ := os.ReadFile(files[0].File)
		for _, want := range []string{"--mesh", "Harbour team", "CLAUDEMESH_CONFIG_DIR", m.Config} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %s is not in\n%s", agent, want, text)
			}
		}
		if agent == setup.Claude {
			settings, _ := os.ReadFile(files[1].File)
			if want := "CLAUDEMESH_CONFIG_DIR=" + m.Config + " /usr/bin/claudemesh hook Stop"; !strings.Contains(string(settings), want) {
				t.Errorf("%s is not in\n%s", want, settings)
			}
		}
		m.Mesh, m.Pinned = "", false
		if got := standing(t, m, agent); got != setup.Stale {
			t.Errorf("%s: %s, want stale", agent, got)
		}
		text, _ = os.ReadFile(set(t, m, agent)[0].File)
		if strings.Contains(string(text), "Harbour") || strings.Contains(string(text), m.Config) {
			t.Errorf("%s keeps\n%s", agent, text)
		}
	}
}

// A line for the shell starts the program that it names, whatever is in its path.
func TestQuoting(t *testing.T) {
	for _, name := range []string{"bin", "with space", "it's", `q"uote`, "dollar $HOME", "back`tick`", `back\slash`, "semi;colon&"} {
		m, _ := machine(t)
		m.Program = filepath.Join(m.Home, name, "claudemesh")
		m.Pinned = true
		write(t, m.Program, "#!/bin/sh\necho \"$CLAUDEMESH_CONFIG_DIR|$*\"\n")
		if err := os.Chmod(m.Program, 0o755); err != nil {
			t.Fatal(err)
		}
		var settings struct {
			Hooks map[string][]struct{ Hooks []struct{ Command string } }
		}
		text, _ := os.ReadFile(set(t, m, setup.Claude)[1].File)
		if err := json.Unmarshal(text, &settings); err != nil {
			t.Fatal(err)
		}
		for _, event := range hook.Events() {
			out, err := exec.Command("sh", "-c", settings.Hooks[event][0].Hooks[0].Command).Output()
			if want := m.Config + "|hook " + event + "\n"; err != nil || string(out) != want {
				t.Errorf("%s: %q (%v), want %q", name, out, err, want)
			}
		}
		if got := standing(t, m, setup.Claude); got != setup.Present {
			t.Errorf("%s: what was set is %s", name, got)
		}
	}
}

func TestWindows(t *testing.T) {
	for program, want := range map[string]string{
		`C:\Users\Ada\claudemesh.exe`:          `{"type":"command","command":"C:/Users/Ada/claudemesh.exe hook Stop","timeout":5}`,
		`C:\Program Files\mesh\claudemesh.exe`: `{"type":"command","command":"C:\\Program Files\\mesh\\claudemesh.exe","args":["hook","Stop"],"timeout":5}`,
	} {
		m, _ := machine(t)
		m.Program, m.Windows = program, true
		var settings struct {
			Hooks map[string][]struct{ Hooks []json.RawMessage }
		}
		text, _ := os.ReadFile(set(t, m, setup.Claude)[1].File)
		if err := json.Unmarshal(text, &settings); err != nil {
			t.Fatal(err)
		}
		var got, wanted any
		if err := errors.Join(json.Unmarshal(settings.Hooks["Stop"][0].Hooks[0], &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: %s", program, settings.Hooks["Stop"][0].Hooks[0])
		}
		if got := standing(t, m, setup.Claude); got != setup.Present {
			t.Errorf("%s: %s", program, got)
		}
		undo(t, m, setup.Claude)
	}
}

// Our handlers that stand twice, under an old path, or among others are made one.
func TestHandlers(t *testing.T) {
	m, _ := machine(t)
	name := filepath.Join(m.Home, ".claude/settings.json")
	write(t, name, `{"hooks": {"Stop": [
  {"hooks": [{"type": "command", "command": "mine"}, {"type": "command", "command": "'/old place/claudemesh' hook Stop", "timeout": 9}]},
  {"matcher": "", "hooks": [{"type": "command", "command": "claudemesh hook"}]},
  {"hooks": [{"type": "command", "command": "echo claudemesh hook Stop | cat"}, {"type": "prompt", "prompt": "claudemesh hook Stop"}]}
]}}`)
	files, err := m.Look(setup.Claude)
	if err != nil {
		t.Fatal(err)
	}
	var states []setup.State
	for _, e := range files[1].Entries {
		if e.Name == "hook Stop" {
			states = append(states, e.State)
		}
	}
	if want := []setup.State{setup.Stale, setup.Duplicate}; !reflect.DeepEqual(states, want) {
		t.Errorf("they are %v, want %v", states, want)
	}
	set(t, m, setup.Claude)
	text, _ := os.ReadFile(name)
	for part, count := range map[string]int{"'/opt/claude mesh/claudemesh' hook Stop": 1, `"mine"`: 1, "/old place/": 0, `"claudemesh hook"`: 0, "| cat": 1, "prompt": 2} {
		if got := strings.Count(string(text), part); got != count {
			t.Errorf("%q is there %d times, want %d:\n%s", part, got, count, text)
		}
	}
	// What was there of claudemesh before setup is claudemesh too.
	undo(t, m, setup.Claude)
	if got, _ := os.ReadFile(name); strings.Contains(string(got), "claudemesh' hook") || !strings.Contains(string(got), "| cat") {
		t.Errorf("undone, it is\n%s", got)
	}
}

// What keeps us from working is told, and left as it is.
func TestHindrances(t *testing.T) {
	m, _ := machine(t)
	name := filepath.Join(m.Home, ".claude/settings.json")
	write(t, name, `{"disableAllHooks": true, "permissions": {"deny": ["WebFetch", "mcp__*"], "ask": ["mcp__claudemesh"], "allow": 1}}`)
	if got := m.Hindrances(setup.Claude); len(got) != 3 || !strings.HasPrefix(got[0], "disableAllHooks in "+name) {
		t.Errorf("%q", got)
	}
	write(t, name, `{"disableAllHooks": false, "permissions": {"deny": ["mcp__tides"]}}`)
	if got := m.Hindrances(setup.Claude); len(got) > 0 {
		t.Errorf("%q", got)
	}
	name = filepath.Join(m.Home, ".cursor/mcp.json")
	write(t, name, `{"mcpServers": {"claudemesh": {"command": "claudemesh", "args": ["mcp"], "disabled": true}}}`)
	if got := m.Hindrances(setup.Cursor); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
