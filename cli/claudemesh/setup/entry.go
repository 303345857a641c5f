package setup

import "slices"

// State is how an entry of ours stands in a file.
type State string

// The states. Stale: it is ours, but names another program, mesh or folder than this one's, or lacks a part. Foreign: something
// of our name is there that claudemesh did not write. Duplicate: it is ours, and there a second time.
const (
	Missing   State = "missing"
	Present   State = "present"
	Stale     State = "stale"
	Foreign   State = "foreign"
	Duplicate State = "duplicate"
)

// Entry is one of our entries, or what stands in its place.
type Entry struct {
	Name    string `json:"name"`
	State   State  `json:"state"`
	Program string `json:"program,omitempty"` // that it starts
	Mesh    string `json:"mesh,omitempty"`    // the one that it keeps the agent to, by name or id
}

// names are those of all entries.
func names(entries []Entry) []string {
	out := []string{}
	for _, e := range entries {
		if !slices.Contains(out, e.Name) {
			out = append(out, e.Name)
		}
	}
	return out
}

// held are the names of those that are there.
func held(entries []Entry) []string {
	return names(slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !e.isOurs() }))
}

func (e Entry) isOurs() bool { return e.State != Missing && e.State != Foreign }

// ours reports whether anything starts claudemesh. A permission alone may be somebody else's doing.
func ours(entries []Entry) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.isOurs() && e.Program != "" })
}

// File is what Look found in one file.
type File struct {
	Name    string  `json:"file"`
	Exists  bool    `json:"exists"`
	Entries []Entry `json:"entries"`
	// Problem is why the file could not be read.
	Problem error `json:"-"`
}

// Look reads the agent's files and says how our entries stand in them. It writes nothing.
func (m Machine) Look(agent Agent) ([]File, error) {
	targets, err := m.targets(agent)
	if err != nil {
		return nil, err
	}
	files := make([]File, len(targets))
	for i, t := range targets {
		files[i] = File{Name: t.file(), Entries: []Entry{}}
		f, err := open(t.file())
		if err == nil {
			files[i].Exists = f.exists
			if entries, failed := m.look(agent, i, t, f.content); failed == nil {
				files[i].Entries = entries
			} else {
				err = refuse(t, failed, "")
			}
		}
		files[i].Problem = err
	}
	return files, nil
}

// look looks into one target. An entry that keeps the agent to one mesh of this machine, by whichever name, is as it should be.
func (m Machine) look(agent Agent, i int, t target, content []byte) ([]Entry, error) {
	entries, err := t.look(content)
	for _, e := range entries {
		if e.Mesh == "" || e.Mesh == m.Mesh || e.State != Stale || m.Means == nil || !m.Means(e.Mesh) {
			continue
		}
		m.Mesh = e.Mesh
		targets, err := m.targets(agent)
		if err != nil {
			return nil, err
		}
		return targets[i].look(content)
	}
	return entries, err
}

// meshOf is what the arguments of claudemesh keep an agent to, or empty.
func meshOf(args []string) string {
	if len(args) == 3 && args[0] == "mcp" && args[1] == "--mesh" {
		return args[2]
	}
	return ""
}

// Standing sums up how an agent is connected: Present where everything is, Missing where nothing is.
func Standing(files []File) State {
	worst, some := Present, false
	for _, f := range files {
		for _, e := range f.Entries {
			some = some || e.isOurs()
			if e.State != Present && (worst == Present || worst == Missing) {
				worst = e.State
			}
		}
	}
	if worst == Missing && some {
		return Stale
	}
	return worst
}
