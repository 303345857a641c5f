package setup

import (
	"encoding/json"
	"fmt"
	"slices"

	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
)

// Hindrances are settings of the person's own that keep what setup wrote from working, each as a sentence without its end. Setup
// leaves them alone. Files that cannot be read have none.
func (m Machine) Hindrances(agent Agent) []string {
	targets, err := m.targets(agent)
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range targets {
		of, isJSON := t.(*jsonFile)
		f, err := open(t.file())
		if err != nil || !isJSON {
			continue
		}
		if d, err := edit.ParseJSON(f.content, of.loose); err == nil {
			out = append(out, hindrances(d, f.name)...)
		}
	}
	return out
}

func hindrances(d *edit.JSON, name string) (out []string) {
	is := func(want any, path ...any) bool {
		raw, err := d.Get(path...)
		var have any
		return raw != nil && err == nil && json.Unmarshal(raw, &have) == nil && have == want
	}
	if is(true, "disableAllHooks") {
		out = append(out, fmt.Sprintf("disableAllHooks in %s turns its hooks off", name))
	}
	for _, list := range []string{"deny", "ask"} {
		count, _ := d.Len("permissions", list)
		for i := range count {
			rules := []string{allowRule, allowRule + "__*", "mcp__*"}
			if slices.ContainsFunc(rules, func(rule string) bool { return is(rule, "permissions", list, i) }) {
				out = append(out, fmt.Sprintf("permissions.%s in %s holds our tools back", list, name))
				break
			}
		}
	}
	if is(false, "mcpServers", serverName, "enabled") || is(true, "mcpServers", serverName, "disabled") {
		out = append(out, fmt.Sprintf("our server is turned off in %s", name))
	}
	return out
}
