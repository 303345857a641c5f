package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// setClock is the command that sets the clock by the network.
func setClock() string {
	return map[string]string{
		"darwin": "sudo sntp -sS time.apple.com", "windows": "w32tm /resync",
	}[runtime.GOOS] + map[bool]string{true: "sudo timedatectl set-ntp true"}[runtime.GOOS != "darwin" && runtime.GOOS != "windows"]
}

// agents looks at what each agent was set up to start.
func (d *Doctor) agents() {
	some := false
	for _, agent := range setup.Agents() {
		files, err := d.Machine.Look(agent)
		if err != nil {
			d.say("agent", string(agent), Fail, err.Error(), "")
			continue
		}
		state := setup.Standing(files)
		found := d.Machine.Found(agent)
		some = some || state != setup.Missing
		again := "claudemesh setup " + string(agent)
		broken := false
		for _, f := range files {
			if f.Problem != nil && found {
				broken = true
				d.say("agent", string(agent), Fail, f.Problem.Error(), "")
			}
		}
		switch {
		case broken:
		case state == setup.Missing:
			if found {
				d.say("agent", string(agent), OK, agent.Title()+" is on this machine and not connected", again)
			}
		case state == setup.Present:
			d.connected(agent, files, again)
		case state == setup.Foreign:
			d.say("agent", string(agent), Warn, agent.Title()+" has another server under our name", again)
		default:
			d.apart(agent, files, again)
		}
	}
	if !some {
		d.say("agent", "", Warn, "no coding agent is connected", "claudemesh setup")
	}
}

// connected looks at whether what the entries start is there.
func (d *Doctor) connected(agent setup.Agent, files []setup.File, again string) {
	for _, f := range files {
		for _, e := range f.Entries {
			if e.Program == "" {
				continue
			}
			if info, err := os.Stat(e.Program); err != nil || info.IsDir() || !d.Machine.Windows && info.Mode()&0o111 == 0 {
				d.say("agent", string(agent), Fail, fmt.Sprintf("%s starts %s, which is not there", agent.Title(), e.Program), again)
				return
			}
		}
	}
	for _, hindrance := range d.Machine.Hindrances(agent) {
		d.say("agent", string(agent), Warn, hindrance, "")
	}
	d.say("agent", string(agent), OK, agent.Title()+" is connected", "")
}

// apart tells what differs from how setup would write it.
func (d *Doctor) apart(agent setup.Agent, files []setup.File, again string) {
	status := Warn
	var parts []string
	mesh := ""     // which setup is to keep
	mends := false // whether setup would mend it
	for _, f := range files {
		for _, e := range f.Entries {
			var part string
			if e.Mesh != "" && e.Name == "MCP server" {
				mesh = e.Mesh
			}
			other := strings.Contains(e.Name, " named ") // which is not setup's to take out
			switch {
			case e.State == setup.Missing || e.State == setup.Foreign:
				part = e.Name + " is missing"
			case other:
				part = fmt.Sprintf("an %s in %s starts claudemesh too", e.Name, f.Name)
			case e.State == setup.Duplicate:
				part = e.Name + " is there twice"
			case e.State == setup.Stale && e.Mesh != "" && (d.Machine.Means == nil || !d.Machine.Means(e.Mesh)):
				status, part = Fail, fmt.Sprintf("%s keeps it to the mesh %q, which is none of this machine, or several", e.Name, e.Mesh)
				mesh = "ID"
			case e.State == setup.Stale && filepath.IsAbs(e.Program) && !exists(e.Program):
				status, part = Fail, fmt.Sprintf("%s starts %s, which is not there", e.Name, e.Program)
			case e.State == setup.Stale && e.Program != d.Machine.Program && !sameFile(e.Program, d.Machine.Program):
				part = fmt.Sprintf("%s starts %s and not this program", e.Name, e.Program)
			case e.State == setup.Stale:
				part = e.Name + " is not as this version writes it"
			}
			if part != "" {
				parts = append(parts, part)
				mends = mends || !other
			}
		}
	}
	if len(parts) > 2 {
		parts = append(parts[:2], fmt.Sprintf("and %d more", len(parts)-2))
	}
	switch {
	case !mends:
		again = ""
	case mesh != "":
		again += " --mesh " + setup.Quote(mesh)
	}
	d.say("agent", string(agent), status, fmt.Sprintf("%s is connected, but %s", agent.Title(), strings.Join(parts, "; ")), again)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
