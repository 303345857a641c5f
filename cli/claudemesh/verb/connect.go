package verb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// connectAgents offers, after a join, to connect the coding agents of this machine. Whatever becomes of that, the mesh is
// joined, so what goes wrong is said and nothing more.
func (c *call) connectAgents(ctx context.Context, yes bool) {
	m, err := c.machine()
	if err != nil {
		c.note("%s", sentence(fmt.Sprintf("the coding agents of this machine could not be looked for: %v", err)))
		return
	}
	found := 0
	for _, agent := range setup.Agents() {
		if ctx.Err() != nil {
			return
		}
		if !m.Found(agent) {
			continue
		}
		found++
		if isConnected(m, agent) {
			c.note("%s is connected already.", agent.Title())
			continue
		}
		command := program(m) + " setup " + string(agent)
		switch c.wanted(ctx, agent, yes) {
		case wantedYes:
			if err := (setupVerb{Agent: string(agent)}).Run(ctx, c); err != nil {
				c.note("%s\nTo try again: %s", sentence(fmt.Sprintf("%s was not connected: %v", agent.Title(), err)), command)
			}
		case wantedNo:
			c.note("To connect it later: %s", command)
		case wantedUnknown:
			c.note("To connect %s to the mesh: %s", agent.Title(), command)
		}
	}
	if found == 0 {
		c.note("No coding agent was found on this machine. %s setup lists those that can be connected.", program(m))
	}
}

// isConnected reports whether nothing is left to do for an agent. Where that cannot be told, there is.
func isConnected(m setup.Machine, agent setup.Agent) bool {
	files, err := m.Look(agent)
	unread := slices.ContainsFunc(files, func(f setup.File) bool { return f.Problem != nil })
	return err == nil && !unread && setup.Standing(files) == setup.Present
}

// wanted is what a person says to the question whether to connect an agent.
type wanted int

const (
	wantedUnknown wanted = iota // nobody was there to ask
	wantedNo
	wantedYes
)

// wanted asks, unless --yes was said. An empty line is a yes.
func (c *call) wanted(ctx context.Context, agent setup.Agent, yes bool) wanted {
	if yes {
		return wantedYes
	}
	if !c.Asks || c.grammar.JSON {
		return wantedUnknown
	}
	answer, err := c.ask(ctx, fmt.Sprintf("Connect %s to the mesh? [Y/n] ", agent.Title()))
	if err != nil {
		return wantedUnknown
	}
	switch strings.ToLower(answer) {
	case "", "y", "yes":
		return wantedYes
	}
	return wantedNo
}

// program is what a person types to start this program: its name, or its path where the shell finds none or another by the name.
func program(m setup.Machine) string {
	if path, err := m.LookPath("claudemesh"); err == nil && path == m.Program {
		return "claudemesh"
	}
	if !m.Windows {
		return setup.Quote(m.Program)
	}
	if strings.ContainsAny(m.Program, " '$`&()") {
		return `"` + m.Program + `"`
	}
	return m.Program
}
