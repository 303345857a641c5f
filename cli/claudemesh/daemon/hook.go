package daemon

import (
	"slices"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// shells are programs that stand between an agent's program and its hooks.
var shells = []string{"sh", "bash", "dash", "zsh", "fish", "ksh", "busybox", "cmd", "powershell", "pwsh", "env"}

// links is a chain of processes, each with whether it is a shell.
type links []struct {
	process proc.Process
	shell   bool
}

// programOf looks at who stands above a hook.
func programOf(chain []proc.Process) (found links) {
	for _, p := range chain {
		shell := slices.Contains(shells, proc.Name(p))
		found = append(found, struct {
			process proc.Process
			shell   bool
		}{p, shell})
		if !shell {
			break // what is further up started the agent, and may be another agent
		}
	}
	return found
}

// hooked is the session that a hook tells of: by the id that its program gives it, or by the nearest process above the hook that
// is no shell; a new one, where there is none. nil: there is nothing to make one of. It is called with the mutex held.
func (s *Server) hooked(now time.Time, e *HookEvent, above links) *agent.Session {
	p := agent.Program{Claude: e.ClaudeID, Kind: peer.KindAgent, Directory: e.Directory, Model: oneLine(e.Model)}
	if one := s.registry.Find(e.Session, nil); one != nil {
		p.Session = one.ID
	}
	for _, link := range above {
		if s.registry.Find(wire.SessionID{}, []proc.Process{link.process}) != nil || !link.shell {
			p.Process = link.process
			break
		}
	}
	known := s.registry.Claude(e.ClaudeID)
	if p.Session.IsZero() && known != nil && (p.Process.IsZero() || known.Process == p.Process) {
		p.Session = known.ID
	}
	if p.Session.IsZero() && p.Process.IsZero() {
		return nil // it would never be known to be gone
	}
	exists := !p.Session.IsZero() || s.registry.Find(wire.SessionID{}, []proc.Process{p.Process}) != nil
	if e.Event == "SessionEnd" {
		if !exists {
			return nil
		}
		return s.registry.Find(p.Session, []proc.Process{p.Process})
	}
	if !exists {
		p.Session = newSession()
	}
	one := s.registry.Begin(now, p)
	if e.Directory != "" && s.tags[one.ID] == "" {
		s.findTag(one.ID, e.Directory)
	}
	return one
}

// findTag looks for the repository around a directory, for a session that a hook told of. Disks can be slow, so the hook does
// not wait for it.
func (s *Server) findTag(id wire.SessionID, directory string) {
	s.tags[id] = "" // looked for once
	go func() {
		tag := repositoryTag(directory)
		if tag == "" {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if one := s.registry.Find(id, nil); one != nil && s.tags[id] == "" {
			s.tags[id] = tag
			s.registry.Touch(one)
			s.spread()
		}
	}()
}

// places tells an agent at its start who it is, and how much waits. It is called with the mutex held.
func (s *Server) places(now time.Time, one *agent.Session) (all []Place, waiting int) {
	for _, m := range s.held() {
		if m.in(one) {
			view := m.view.Load()
			all = append(all, Place{oneLine(view.DisplayName), oneLine(view.Name)})
			waiting += m.queue.Count(now, one.ID, wire.PriorityLow)
		}
	}
	return all, waiting
}
