package setup

import (
	"reflect"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
)

// codexFile is Codex's configuration, in TOML.
type codexFile struct {
	name string
	m    Machine
}

// codexPath is our table.
func codexPath(more ...string) []string { return append([]string{"mcp_servers", serverName}, more...) }

// codexVars are the variables by which claudemesh finds its folders. Codex gives its servers a few alone by itself.
func codexVars() []string {
	return []string{"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "CLAUDEMESH_NO_DAEMON"}
}

func list(words []string) string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = edit.TOMLString(word)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (f *codexFile) file() string { return f.name }

func (f *codexFile) paste() string {
	block := "[mcp_servers." + serverName + "]\n" +
		"command = " + edit.TOMLString(f.m.Program) + "\nargs = " + list(f.m.args()) + "\nenv_vars = " + list(codexVars()) + "\n"
	if f.m.Pinned {
		block += "env = { " + home.Env + " = " + edit.TOMLString(f.m.Config) + " }\n"
	}
	return block
}

// want is what our table means.
func (f *codexFile) want() map[string]any {
	d, err := edit.ParseTOML([]byte(f.paste()))
	if err != nil {
		return nil
	}
	want, _ := d.Get(codexPath()...).(map[string]any)
	return want
}

func (f *codexFile) put(content []byte) ([]byte, error) {
	d, err := edit.ParseTOML(content)
	if err != nil {
		return nil, err
	}
	have, _ := d.Get(codexPath()...).(map[string]any)
	if f.current(have) {
		return content, nil
	}
	block := f.paste()
	if f.program(d) != "" {
		// What somebody added to our table, like a time limit, stays.
		rest, err := d.Rest([]string{"command", "args", "env_vars", "env"}, codexPath()...)
		if err != nil {
			return nil, err
		}
		block += rest
	}
	if err := d.SetTable(block, codexPath()...); err != nil {
		return nil, err
	}
	return d.Bytes(), nil
}

// current reports whether our table says what it should, perhaps among other things.
func (f *codexFile) current(have map[string]any) bool {
	for name, value := range f.want() {
		if !reflect.DeepEqual(have[name], value) {
			return false
		}
	}
	env, _ := have["env"].(map[string]any)
	_, pinned := env[home.Env]
	return pinned == f.m.Pinned
}

func (f *codexFile) take(content, original []byte) ([]byte, error) {
	d, err := edit.ParseTOML(content)
	if err != nil {
		return nil, err
	}
	if f.program(d) == "" {
		return content, nil
	}
	if was, err := edit.ParseTOML(original); original != nil && err == nil && f.program(was) == "" {
		table, err := was.Table(codexPath()...)
		if err != nil {
			return nil, err
		}
		if table != "" {
			err := d.SetTable(table, codexPath()...)
			return d.Bytes(), err
		}
	}
	err = d.RemoveTable(codexPath()...)
	return d.Bytes(), err
}

func (f *codexFile) look(content []byte) ([]Entry, error) {
	d, err := edit.ParseTOML(content)
	if err != nil {
		return nil, err
	}
	e := Entry{Name: "MCP server", State: Present, Program: f.program(d)}
	have, _ := d.Get(codexPath()...).(map[string]any)
	if args, _ := have["args"].([]any); e.Program != "" && len(args) == 3 && args[1] == "--mesh" {
		e.Mesh, _ = args[2].(string)
	}
	switch {
	case d.Get(codexPath()...) == nil:
		e.State = Missing
	case e.Program == "":
		e.State = Foreign
	case !f.current(have):
		e.State = Stale
	}
	entries := []Entry{e}
	others, _ := d.Get("mcp_servers").(map[string]any)
	for name := range others {
		if program := f.startedBy(others[name]); program != "" && name != serverName {
			entries = append(entries, Entry{Name: "MCP server named " + name, State: Duplicate, Program: program})
		}
	}
	return entries, nil
}

func (f *codexFile) program(d *edit.TOML) string { return f.startedBy(d.Get(codexPath()...)) }

// startedBy is what a server's table starts, where that is claudemesh mcp, and else empty.
func (f *codexFile) startedBy(table any) string {
	values, _ := table.(map[string]any)
	program, _ := values["command"].(string)
	args, _ := values["args"].([]any)
	if len(args) == 0 || args[0] != "mcp" || !isMesh(program, f.m.Program) {
		return ""
	}
	return program
}
