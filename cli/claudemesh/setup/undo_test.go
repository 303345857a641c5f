package setup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/setup"
	"pgregory.net/rapid"
)

// configuration draws what may lie where an agent looks; nil: nothing.
func configuration(t *rapid.T, agent setup.Agent) []byte {
	if agent == setup.Codex {
		line := rapid.SampledFrom([]string{
			"", "# comment", "model = \"m\"", "[profiles.a]", "[mcp_servers.other]\ncommand = \"x\"", "[tui]  # here", "x = '''\n[mcp_servers.claudemesh]\n'''",
			"[mcp_servers.claudemesh]\nurl = \"http://by-hand\"\n# kept\n[mcp_servers.claudemesh.http_headers]\nA = \"b\"",
		})
		return []byte(strings.Join(rapid.SliceOfNDistinct(line, 0, 6, rapid.ID).Draw(t, "lines"), "\n") + rapid.SampledFrom([]string{"", "\n", "\n\n"}).Draw(t, "end"))
	}
	if rapid.IntRange(0, 5).Draw(t, "there") == 0 {
		return nil
	}
	fields := rapid.MapOfN(rapid.StringMatching(`[a-z ]{1,4}`), rapid.StringMatching(`[^\x00-\x1f]{0,6}`), 0, 4).Draw(t, "fields")
	document := map[string]any{}
	for name, value := range fields {
		document[name] = value
	}
	choose := func(name string, values ...any) {
		if i := rapid.IntRange(-1, len(values)-1).Draw(t, name); i >= 0 {
			document[name] = values[i]
		}
	}
	servers := []any{map[string]any{}, map[string]any{"other": map[string]any{"command": "x"}}, map[string]any{"claudemesh": map[string]any{"url": "http://by-hand"}, "z": 1}}
	choose("mcpServers", servers...)
	choose("mcp", servers...)
	group := map[string]any{"matcher": "Bash", "hooks": []any{map[string]any{"type": "command", "command": "mine"}}}
	choose("hooks", map[string]any{}, map[string]any{"Stop": []any{}}, map[string]any{"Stop": []any{group}, "PreToolUse": []any{group}})
	choose("permissions", map[string]any{}, map[string]any{"allow": []any{}}, map[string]any{"allow": []any{"Read"}, "deny": []any{"WebFetch"}}, map[string]any{"allow": []any{"mcp__claudemesh"}})
	indent := rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent")
	var text []byte
	if indent == "" {
		text, _ = json.Marshal(document)
	} else {
		text, _ = json.MarshalIndent(document, "", indent)
	}
	return append(text, rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")...)
}

// lay writes drawn configurations for the agent and gives its files.
func lay(t *rapid.T, m setup.Machine, agent setup.Agent) []string {
	looked, err := m.Look(agent)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range looked {
		files = append(files, f.Name)
		if content := configuration(t, agent); content != nil {
			write(t, f.Name, string(content))
		}
	}
	return files
}

// Setting up, any number of times and under other paths, and undoing leaves every byte below the home folder as it was.
func TestUndoIsIdentity(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		agent := rapid.SampledFrom(setup.Agents()).Draw(rt, "agent")
		home, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m, _ := machineIn(rt, home)
		lay(rt, m, agent)
		before := tree(rt, m.Home)
		if _, err := m.Set(agent, true); err != nil {
			rt.Skip("not valid")
		}
		for _, program := range rapid.SliceOfN(rapid.SampledFrom([]string{"/a/claudemesh", "/b c/claudemesh", "/d/tool"}), 1, 3).Draw(rt, "programs") {
			m.Program = program
			set(rt, m, agent)
			if got := standing(rt, m, agent); got != setup.Present {
				rt.Fatalf("set, it is %s", got)
			}
		}
		undo(rt, m, agent)
		if after := tree(rt, m.Home); !reflect.DeepEqual(after, before) {
			rt.Fatalf("before %v\nafter  %v", before, after)
		}
	})
}

// Where something else changed the files since, undoing takes our entries alone, and what was replaced stands there again.
func TestUndoAfterChanges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		agent := rapid.SampledFrom([]setup.Agent{setup.Claude, setup.Gemini, setup.Cursor, setup.OpenCode}).Draw(rt, "agent")
		home, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m, _ := machineIn(rt, home)
		files := lay(rt, m, agent)
		before := make([]map[string]any, len(files))
		for i, name := range files {
			before[i] = decoded(rt, name)
		}
		set(rt, m, agent)
		forgotten := rapid.Bool().Draw(rt, "what setup remembered is lost")
		if forgotten {
			os.Remove(filepath.Join(m.Config, "setup.json"))
		}
		again := rapid.Bool().Draw(rt, "set up again")
		for i, name := range files {
			now := decoded(rt, name)
			now["theirs"] = "later"
			text, _ := json.MarshalIndent(now, "", "   ")
			write(rt, name, string(text))
			before[i]["theirs"] = "later"
		}
		if again {
			m.Program = "/another/claudemesh"
			set(rt, m, agent)
		}
		undo(rt, m, agent)
		for i, name := range files {
			got, want := decoded(rt, name), before[i]
			if forgotten {
				// What cannot be known any more: an entry that was replaced, and what was empty.
				for _, of := range []map[string]any{got, want} {
					drop(of)
				}
			}
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

// drop takes out of a document what undoing without memory cannot give back.
func drop(document map[string]any) {
	for _, around := range []string{"mcpServers", "mcp"} {
		if servers, ok := document[around].(map[string]any); ok {
			delete(servers, "claudemesh")
		}
	}
	if permissions, ok := document["permissions"].(map[string]any); ok {
		if allow, ok := permissions["allow"].([]any); ok && len(allow) == 1 && allow[0] == "mcp__claudemesh" {
			delete(permissions, "allow")
		}
	}
	clear := func(value any) bool {
		inner, isObject := value.(map[string]any)
		list, isList := value.([]any)
		return isObject && len(inner) == 0 || isList && len(list) == 0
	}
	for name, value := range document {
		if inner, isObject := value.(map[string]any); isObject {
			for part, value := range inner {
				if clear(value) {
					delete(inner, part)
				}
			}
		}
		if clear(value) {
			delete(document, name)
		}
	}
}

func decoded(t *rapid.T, name string) map[string]any {
	out := map[string]any{}
	text, err := os.ReadFile(name)
	if err == nil {
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: %s", name, text)
		}
	}
	return out
}

// An entry of our name that somebody made by hand is replaced, and stands there again once undone, to the byte.
func TestByHand(t *testing.T) {
	for agent, c := range map[setup.Agent]struct{ file, before, changed, after string }{
		setup.Cursor: {".cursor/mcp.json", "{\n  \"mcpServers\": {\n    \"claudemesh\": { \"url\": \"http://x\" } // mine\n  }\n}\n", "// later\n",
			"{\n  \"mcpServers\": {\n    \"claudemesh\": { \"url\": \"http://x\" } // mine\n  }\n}\n// later\n"},
		setup.Codex: {".codex/config.toml", "a = 1\n[mcp_servers.claudemesh] # mine\nurl = \"x\"\n[b]\n", "c = 2\n", "a = 1\n[mcp_servers.claudemesh] # mine\nurl = \"x\"\n[b]\nc = 2\n"},
	} {
		m, _ := machine(t)
		name := filepath.Join(m.Home, c.file)
		write(t, name, c.before)
		if got := standing(t, m, agent); got != setup.Foreign {
			t.Errorf("%s: %s, want foreign", agent, got)
		}
		change := set(t, m, agent)[0]
		if kept, err := os.ReadFile(change.Backup); err != nil || string(kept) != c.before {
			t.Errorf("%s: the backup is %q (%v)", agent, kept, err)
		}
		now, _ := os.ReadFile(name)
		write(t, name, string(now)+c.changed)
		undo(t, m, agent)
		if got, _ := os.ReadFile(name); string(got) != c.after {
			t.Errorf("%s: undone, it is\n%s", agent, got)
		}
	}
}

// A backup is never written over, and what an older one holds stays.
func TestBackups(t *testing.T) {
	m, _ := machine(t)
	name := filepath.Join(m.Home, ".cursor/mcp.json")
	write(t, name, `{"a":1}`)
	write(t, name+".before-claudemesh", "older")
	if change := set(t, m, setup.Cursor)[0]; change.Backup != name+".before-claudemesh-2" {
		t.Errorf("the backup is %s", change.Backup)
	}
	undo(t, m, setup.Cursor)
	if got, _ := os.ReadFile(name + ".before-claudemesh"); string(got) != "older" {
		t.Errorf("the older one is %q", got)
	}
	if _, err := os.Stat(name + ".before-claudemesh-2"); err == nil {
		t.Error("a backup of what is there again stays")
	}
}

// A link is written through, and the file behind it keeps its mode.
func TestLinks(t *testing.T) {
	m, _ := machine(t)
	real := filepath.Join(m.Home, "dotfiles/mcp.json")
	write(t, real, "{}")
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(m.Home, ".cursor/mcp.json")
	if err := os.Mkdir(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../dotfiles/mcp.json", link); err != nil {
		t.Fatal(err)
	}
	before := tree(t, m.Home)
	set(t, m, setup.Cursor)
	info, err := os.Lstat(real)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file behind the link: %v, %v", info, err)
	}
	if got, _ := os.Readlink(link); got != "../dotfiles/mcp.json" {
		t.Errorf("the link is %q", got)
	}
	undo(t, m, setup.Cursor)
	if after := tree(t, m.Home); !reflect.DeepEqual(after, before) {
		t.Errorf("undone: %v", after)
	}
}
