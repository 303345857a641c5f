package setup_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/setup"
	"pgregory.net/rapid"
)

// machine is one with a home folder of its own and nothing else on it.
func machine(t *testing.T) (setup.Machine, map[string]string) {
	t.Helper()
	return machineIn(t, t.TempDir())
}

func machineIn(t rapid.TB, home string) (setup.Machine, map[string]string) {
	t.Helper()
	config := filepath.Join(home, "mesh")
	if err := os.Mkdir(config, 0o700); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	return setup.Machine{
		Home: home, Getenv: func(name string) string { return env[name] },
		LookPath: func(string) (string, error) { return "", exec.ErrNotFound },
		Program:  "/opt/claude mesh/claudemesh", Config: config,
	}, env
}

func write(t rapid.TB, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// tree is every file below a folder with its content, and every link with where it goes.
func tree(t rapid.TB, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		switch {
		case entry.IsDir():
			out[name] = "folder"
		case entry.Type()&fs.ModeSymlink != 0:
			out[name], err = os.Readlink(path)
		default:
			var content []byte
			content, err = os.ReadFile(path)
			out[name] = string(content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func set(t rapid.TB, m setup.Machine, agent setup.Agent) []setup.Change {
	t.Helper()
	changes, err := m.Set(agent, false)
	if err != nil {
		t.Fatalf("set %s: %v", agent, err)
	}
	return changes
}

func undo(t rapid.TB, m setup.Machine, agent setup.Agent) []setup.Change {
	t.Helper()
	changes, err := m.Undo(agent, false)
	if err != nil {
		t.Fatalf("undo %s: %v", agent, err)
	}
	return changes
}

func standing(t rapid.TB, m setup.Machine, agent setup.Agent) setup.State {
	t.Helper()
	files, err := m.Look(agent)
	if err != nil {
		t.Fatal(err)
	}
	return setup.Standing(files)
}

// What each agent reads, decoded: where nothing was before, and where other things were.
func TestSet(t *testing.T) {
	for agent, c := range map[setup.Agent]struct{ file, before, path, want string }{
		setup.Claude: {".claude.json", `{"numStartups": 3, "mcpServers": {"other": {"command": "x"}}}`, "mcpServers",
			`{"other": {"command": "x"}, "claudemesh": {"type": "stdio", "command": "/opt/claude mesh/claudemesh", "args": ["mcp"]}}`},
		setup.Gemini: {".gemini/settings.json", "{\n  // mine\n  \"theme\": \"x\",\n}\n", "mcpServers",
			`{"claudemesh": {"command": "/opt/claude mesh/claudemesh", "args": ["mcp"]}}`},
		setup.Cursor: {".cursor/mcp.json", "{}", "mcpServers", `{"claudemesh": {"command": "/opt/claude mesh/claudemesh", "args": ["mcp"]}}`},
		setup.OpenCode: {".config/opencode/opencode.json", `{"$schema": "https://opencode.ai/config.json"}`, "mcp",
			`{"claudemesh": {"type": "local", "command": ["/opt/claude mesh/claudemesh", "mcp"], "enabled": true}}`},
	} {
		for _, before := range []string{"", c.before} {
			m, _ := machine(t)
			if before != "" {
				write(t, filepath.Join(m.Home, c.file), before)
			}
			if got := standing(t, m, agent); got != setup.Missing {
				t.Errorf("%s before: %s", agent, got)
			}
			set(t, m, agent)
			text, err := os.ReadFile(filepath.Join(m.Home, c.file))
			if err != nil {
				t.Fatal(err)
			}
			if agent == setup.Gemini {
				text = []byte(strings.NewReplacer("// mine\n", "", "},\n}", "}\n}").Replace(string(text)))
			}
			var got, want map[string]any
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatalf("%s: %s: %v", agent, text, err)
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if before == "" {
				delete(want, "other")
			}
			if !reflect.DeepEqual(got[c.path], any(want)) {
				t.Errorf("%s: %s", agent, text)
			}
			if got := standing(t, m, agent); got != setup.Present {
				t.Errorf("%s after: %s", agent, got)
			}
		}
	}
}

// What Claude Code and Codex get, to the byte, in files as they are found.
func TestRecorded(t *testing.T) {
	for agent, files := range map[setup.Agent]map[string]string{
		setup.Claude: {"claude.json": ".claude.json", "settings.json": ".claude/settings.json"},
		setup.Codex:  {"config.toml": ".codex/config.toml"},
	} {
		m, _ := machine(t)
		for from, to := range files {
			content, err := os.ReadFile(filepath.Join("testdata", from))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(m.Home, to), string(content))
		}
		before := tree(t, m.Home)
		set(t, m, agent)
		for from, to := range files {
			want, err := os.ReadFile(filepath.Join("testdata", from+".set"))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(filepath.Join(m.Home, to)); string(got) != string(want) {
				t.Errorf("%s is\n%s", to, got)
			}
		}
		for _, change := range set(t, m, agent) {
			if change.Action != setup.Unchanged {
				t.Errorf("a second time %s was %s", change.File, change.Action)
			}
		}
		undo(t, m, agent)
		if after := tree(t, m.Home); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: undone, the home folder has %v", agent, after)
		}
	}
}

func TestFolders(t *testing.T) {
	m, env := machine(t)
	env["CLAUDE_CONFIG_DIR"] = filepath.Join(m.Home, "c")
	env["CODEX_HOME"] = filepath.Join(m.Home, "x")
	env["XDG_CONFIG_HOME"] = filepath.Join(m.Home, "o")
	write(t, filepath.Join(m.Home, "o/opencode/opencode.jsonc"), "{ /* mine */ }")
	for agent, want := range map[setup.Agent][]string{
		setup.Claude: {"c/.claude.json", "c/settings.json"}, setup.Codex: {"x/config.toml"}, setup.OpenCode: {"o/opencode/opencode.jsonc"},
	} {
		for i, change := range set(t, m, agent) {
			if want := filepath.Join(m.Home, want[i]); change.File != want {
				t.Errorf("%s: %s, want %s", agent, change.File, want)
			}
		}
	}
	if text, _ := os.ReadFile(filepath.Join(m.Home, "o/opencode/opencode.jsonc")); !strings.Contains(string(text), "/* mine */") {
		t.Errorf("a comment went: %s", text)
	}
}

// A file that is not valid is left alone, and so are the agent's others.
func TestRefused(t *testing.T) {
	for agent, c := range map[setup.Agent]struct{ file, content, reason string }{
		setup.Claude:   {".claude/settings.json", "{\n  \"hooks\": {},\n}", "line 3"},
		setup.Codex:    {".codex/config.toml", "a = 1\nb = [\n", "line"},
		setup.Gemini:   {".gemini/settings.json", `{"mcpServers": []}`, "is not an object"},
		setup.Cursor:   {".cursor/mcp.json", "[]", "not a JSON object"},
		setup.OpenCode: {".config/opencode/opencode.json", "{\"mcp\": {}, \"mcp\": {}}", "twice"},
	} {
		m, _ := machine(t)
		write(t, filepath.Join(m.Home, c.file), c.content)
		before := tree(t, m.Home)
		_, err := m.Set(agent, false)
		var refused *setup.Refusal
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %s", agent, err, c.reason)
		}
		if after := tree(t, m.Home); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: the home folder has %v", agent, after)
		}
	}
	m, _ := machine(t)
	write(t, filepath.Join(m.Home, ".codex/config.toml"), "mcp_servers = { x = { command = \"y\" } }\n")
	var refused *setup.Refusal
	if _, err := m.Set(setup.Codex, false); !errors.As(err, &refused) || !strings.HasPrefix(refused.Paste, "[mcp_servers.claudemesh]\n") {
		t.Errorf("an inline table: %v", err)
	}
}

// A dry run says what would be done and writes nothing.
func TestDry(t *testing.T) {
	m, _ := machine(t)
	write(t, filepath.Join(m.Home, ".claude.json"), "{\n  \"mcpServers\": {\n    \"x\": {\"env\": {\"TOKEN\": \"secret\"}}\n  }\n}\n")
	before := tree(t, m.Home)
	changes, err := m.Set(setup.Claude, true)
	if err != nil || changes[0].Action != setup.Changed || changes[1].Action != setup.Created {
		t.Fatalf("%v, %v", changes, err)
	}
	if changes[0].Backup != "" || changes[1].Backup != "" {
		t.Errorf("backups that nobody made: %q, %q", changes[0].Backup, changes[1].Backup)
	}
	if after := tree(t, m.Home); !reflect.DeepEqual(after, before) {
		t.Errorf("the home folder has %v", after)
	}
	if diff := changes[0].Diff(); !strings.Contains(diff, `+     "claudemesh": {`) {
		t.Errorf("the diff is\n%s", diff)
	}
	if diff := changes[1].Diff(); strings.Count(diff, " + ") != strings.Count(string(changes[1].After), "\n") {
		t.Errorf("the diff of a new file is\n%s", diff)
	}
}

// Many setups at once, and undoing among them, leave a file that is whole.
func TestAtOnce(t *testing.T) {
	m, _ := machine(t)
	before := "{\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"mine\"}]}]\n  }\n}\n"
	write(t, filepath.Join(m.Home, ".claude/settings.json"), before)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := m.Set(setup.Claude, false); err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				if _, err := m.Undo(setup.Claude, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	set(t, m, setup.Claude)
	if got := standing(t, m, setup.Claude); got != setup.Present {
		t.Errorf("it is %s", got)
	}
	undo(t, m, setup.Claude)
	want := map[string]string{".": "folder", "mesh": "folder", ".claude": "folder", ".claude/settings.json": before}
	if after := tree(t, m.Home); !reflect.DeepEqual(after, want) {
		t.Errorf("undone, the home folder has %v", after)
	}
}
