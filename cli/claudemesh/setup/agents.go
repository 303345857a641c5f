package setup

import (
	"os"
	"path/filepath"

	"claudemesh.com/mesh/cli/claudemesh/hook"
	"claudemesh.com/mesh/shared/wire"
)

// targets are the agent's files. Where they are and what is in them: docs/agents.md.
func (m Machine) targets(agent Agent) ([]target, error) {
	servers := func(name string, loose bool, around, env string, f ...field) []target {
		pinned := ""
		if m.Pinned {
			pinned = m.Config
		}
		return []target{&jsonFile{name, loose, []part{server{around, f, env, pinned, m.Program}}}}
	}
	program, args := field{"command", m.Program}, field{"args", m.args()}
	switch agent {
	case Claude:
		folder := m.folder("CLAUDE_CONFIG_DIR", ".claude")
		parts := []part{}
		for _, event := range hook.Events() {
			parts = append(parts, hookPart{event, m.hook(event), m.Program})
		}
		settings := &jsonFile{filepath.Join(folder, "settings.json"), false, append(parts, allowPart{})}
		return append(servers(m.claudeJSON(folder), false, "mcpServers", "env", field{"type", "stdio"}, program, args), settings), nil
	case Codex:
		return []target{&codexFile{filepath.Join(m.folder("CODEX_HOME", ".codex"), "config.toml"), m}}, nil
	case Gemini:
		return servers(filepath.Join(m.Home, ".gemini", "settings.json"), true, "mcpServers", "env", program, args), nil
	case Cursor:
		return servers(filepath.Join(m.Home, ".cursor", "mcp.json"), true, "mcpServers", "env", program, args), nil
	case OpenCode:
		return servers(m.openCodeFile(), true, "mcp", "environment", field{"type", "local"},
			field{"command", append([]string{m.Program}, m.args()...)}, field{"enabled", true}), nil
	}
	return nil, wire.Errorf(wire.CodeNotFound, "There is no agent %q here; there are claude, codex, gemini, cursor and opencode.", agent)
}

// args are what the agent starts the program with.
func (m Machine) args() []string {
	if m.Mesh != "" {
		return []string{"mcp", "--mesh", m.Mesh}
	}
	return []string{"mcp"}
}

// folder is an agent's configuration folder: what a variable says, or one in the user's home.
func (m Machine) folder(variable, name string) string {
	if dir := m.Getenv(variable); dir != "" {
		return filepath.Clean(dir)
	}
	return filepath.Join(m.Home, name)
}

// claudeJSON is the file in which Claude Code keeps a user's servers.
func (m Machine) claudeJSON(folder string) string {
	// Installations that are old enough have it under another name.
	if old := filepath.Join(folder, ".config.json"); isFile(old) {
		return old
	}
	if m.Getenv("CLAUDE_CONFIG_DIR") != "" {
		return filepath.Join(folder, ".claude.json")
	}
	return filepath.Join(m.Home, ".claude.json")
}

// openCodeFile is the user's configuration of OpenCode, which reads opencode.json and then opencode.jsonc.
func (m Machine) openCodeFile() string {
	base := m.Getenv("XDG_CONFIG_HOME")
	if base == "" {
		base = filepath.Join(m.Home, ".config")
	}
	name := filepath.Join(base, "opencode", "opencode.json")
	if isFile(name + "c") {
		return name + "c"
	}
	return name
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
