package verb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup"
	"claudemesh.com/mesh/shared/wire"
)

type setupVerb struct {
	Agent  string `arg:"" optional:"" help:"claude, codex, gemini, cursor or opencode. Without one: which there are on this machine, and how they stand."`
	DryRun bool   `help:"Show what would be changed, and change nothing."`
	Undo   bool   `help:"Take claudemesh out again."`
}

func (v setupVerb) Run(ctx context.Context, c *call) error {
	m, err := c.machine()
	if err != nil {
		return err
	}
	if v.Agent == "" {
		if v.DryRun || v.Undo {
			return &usageError{"say which agent: claude, codex, gemini, cursor or opencode"}
		}
		return c.listAgents(ctx, m)
	}
	of := setup.Agent(v.Agent)
	if !slices.Contains(setup.Agents(), of) {
		return &usageError{fmt.Sprintf("there is no agent %q here; there are claude, codex, gemini, cursor and opencode", v.Agent)}
	}
	mesh := ""
	if c.grammar.Mesh != "" && !v.Undo {
		one, err := c.choose(ctx)
		if err != nil {
			return err
		}
		m.Mesh, mesh = one.ID.String()[:agent.Sure], one.Name
	}
	found := m.Found(of)
	do := m.Set
	if v.Undo {
		do = m.Undo
	}
	changes, err := do(of, v.DryRun)
	var refused *setup.Refusal
	if errors.As(err, &refused) {
		if refused.Paste != "" {
			c.note("What belongs there:\n%s", refused.Paste)
		}
		return wire.Errorf(wire.CodeMalformed, "%s was left as it is: %v. Mend it, or change it by hand.", refused.File, refused.Err)
	}
	if err != nil {
		return err
	}
	if c.grammar.JSON {
		c.setupJSON(m, of, v, changes)
		return nil
	}
	c.showSetup(m, of, v, changes, mesh)
	if !found && !v.Undo {
		c.note("%s was not found on this machine. It will be connected once it is there.", of.Title())
	}
	return nil
}

// machine is what setup and doctor know of this machine.
func (c *call) machine() (setup.Machine, error) {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return setup.Machine{}, err
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return setup.Machine{}, fmt.Errorf("find your home folder: %w", err)
	}
	program, err := ownPath()
	if err != nil {
		return setup.Machine{}, err
	}
	// Agents may start their servers without the variables of the login, by which the folder is found.
	base := os.Getenv("XDG_CONFIG_HOME")
	moved := base != "" && filepath.Clean(base) != filepath.Join(user, ".config") && strings.HasPrefix(h.Dir(), filepath.Clean(base)+string(filepath.Separator))
	return setup.Machine{
		Home: user, Getenv: os.Getenv, LookPath: exec.LookPath, Windows: runtime.GOOS == "windows",
		Program: program, Config: h.Dir(), Pinned: c.ConfigDir != "" || moved,
	}, nil
}

// means reports whether what an entry gives to --mesh is one mesh of this machine.
func means(known []agent.Known) func(string) bool {
	return func(want string) bool { return len(agent.Meant(want, known)) == 1 }
}

// ownPath is the path of this program that lasts: as it was called, where that is a link to it that an update leaves in its place.
func ownPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	called, err := exec.LookPath(os.Args[0])
	if err != nil {
		return self, nil
	}
	if called, err = filepath.Abs(called); err != nil {
		return self, nil
	}
	a, failed := os.Stat(called)
	b, err := os.Stat(self)
	if err == nil && failed == nil && os.SameFile(a, b) {
		return called, nil
	}
	return self, nil
}

// changed reports whether setup has, or would have, written anything.
func changed(changes []setup.Change) bool {
	return slices.ContainsFunc(changes, func(c setup.Change) bool { return c.Action != setup.Unchanged })
}

// undoLine and channelLine are what a person types next.
func undoLine(m setup.Machine, agent setup.Agent) string {
	return program(m) + " setup " + string(agent) + " --undo"
}

const channelLine = "claude --dangerously-load-development-channels server:claudemesh"

// setupFile is a changed file for programs.
type setupFile struct {
	setup.Change
	Diff string `json:"diff,omitempty"`
}

func (c *call) setupJSON(m setup.Machine, agent setup.Agent, v setupVerb, changes []setup.Change) {
	out := struct {
		Agent     setup.Agent `json:"agent"`
		Undo      bool        `json:"undo"`
		DryRun    bool        `json:"dry_run"`
		Changed   bool        `json:"changed"`
		Program   string      `json:"program"`
		Files     []setupFile `json:"files"`
		UndoLine  string      `json:"undo_command,omitempty"`
		StartLine string      `json:"start_command,omitempty"`
	}{Agent: agent, Undo: v.Undo, DryRun: v.DryRun, Changed: changed(changes), Program: m.Program}
	for _, change := range changes {
		f := setupFile{Change: change}
		if v.DryRun && change.Action != setup.Unchanged {
			f.Diff = change.Diff()
		}
		out.Files = append(out.Files, f)
	}
	if !v.Undo {
		out.UndoLine = undoLine(m, agent)
		if agent == setup.Claude {
			out.StartLine = channelLine
		}
	}
	writeJSON(c.Stdout, out)
}

// showSetup tells a person what was done, and what to do next. mesh is the name of the one mesh that the agent is kept to, or empty.
func (c *call) showSetup(m setup.Machine, agent setup.Agent, v setupVerb, changes []setup.Change, mesh string) {
	title := agent.Title()
	say := func(format string, args ...any) { fmt.Fprintln(c.Stdout, clean(fmt.Sprintf(format, args...))) }
	switch {
	case v.DryRun && changed(changes):
		for _, change := range changes {
			if change.Action != setup.Unchanged {
				say("%s would be %s:\n%s", change.File, change.Action, change.Diff())
			}
		}
		say("Nothing was written.")
		return
	case v.Undo && changed(changes):
		say("%s is not connected any more.", title)
	case v.Undo:
		say("%s is not connected; nothing was changed.", title)
	case changed(changes):
		say("%s is connected.", title)
	default:
		say("%s is connected already; nothing was changed.", title)
	}
	rows := [][]string{}
	for _, change := range changes {
		if change.Action == setup.Unchanged && v.Undo {
			continue
		}
		rows = append(rows, []string{"  " + string(change.Action), line(change.File), line(summary(change.Entries))})
	}
	c.table(rows)
	for _, change := range changes {
		if change.Backup != "" {
			say("  As it was before: %s", change.Backup)
		}
	}
	if v.Undo || v.DryRun {
		return
	}
	say("")
	if mesh != "" {
		say("It shows itself in %s (%s) alone.", line(mesh), m.Mesh)
	}
	if folders, err := home.Open(m.Config); err == nil {
		if joined, err := folders.Folders(); err == nil && len(joined) == 0 {
			say("This machine is in no mesh yet. Begin with: claudemesh join LINK")
		}
	}
	say("Try it: start %s anew and ask, \"Who is in the mesh?\"", title)
	if agent == setup.Claude {
		say("To have messages shown as they come, start it so:\n  %s", channelLine)
	}
	say("To undo this: %s", undoLine(m, agent))
}

// summary names entries, with hooks as one.
func summary(entries []string) string {
	var out, events []string
	for _, e := range entries {
		if event, isHook := strings.CutPrefix(e, "hook "); isHook {
			events = append(events, event)
			continue
		}
		out = append(out, e)
	}
	if len(events) > 0 {
		out = append(out, fmt.Sprintf("%d hooks", len(events)))
	}
	return strings.Join(out, ", ")
}

// agentJSON is how an agent stands, for programs.
type agentJSON struct {
	Agent setup.Agent     `json:"agent"`
	Title string          `json:"title"`
	Found bool            `json:"found"`
	State setup.State     `json:"state"`
	Files []agentFileJSON `json:"files"`
}

type agentFileJSON struct {
	setup.File
	Problem string `json:"problem,omitempty"`
}

// listAgents shows which agents are on this machine, and how they stand.
func (c *call) listAgents(ctx context.Context, m setup.Machine) error {
	if meshes, err := c.joined(ctx); err == nil {
		m.Means = means(known(meshes))
	}
	rows := [][]string{{"AGENT", "ON THIS MACHINE", "CLAUDEMESH", ""}}
	for _, agent := range setup.Agents() {
		files, err := m.Look(agent)
		if err != nil {
			return err
		}
		found, state := m.Found(agent), setup.Standing(files)
		out := agentJSON{agent, agent.Title(), found, state, nil}
		next := ""
		if found && state != setup.Present {
			next = program(m) + " setup " + string(agent)
		}
		for _, f := range files {
			entry := agentFileJSON{File: f}
			if f.Problem != nil {
				entry.Problem, next = f.Problem.Error(), line(f.Problem.Error())
			}
			out.Files = append(out.Files, entry)
		}
		if c.grammar.JSON {
			writeJSON(c.Stdout, out)
		}
		rows = append(rows, []string{string(agent), map[bool]string{true: "yes", false: "no"}[found], stateWords(state), clean(next)})
	}
	if !c.grammar.JSON {
		c.table(rows)
	}
	return nil
}

// stateWords says how an agent stands.
func stateWords(s setup.State) string {
	switch s {
	case setup.Present:
		return "connected"
	case setup.Missing:
		return "not connected"
	case setup.Foreign:
		return "another program under this name"
	case setup.Duplicate:
		return "connected twice"
	}
	return "connected in part, or to another claudemesh"
}
