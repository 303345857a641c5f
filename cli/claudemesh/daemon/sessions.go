package daemon

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// rowSession ‖ session id → JSON of agent.Session, in the store of the sessions.
const rowSession byte = 's'

// spread brings what changed in the registry to the meshes and to the store. It is called with the mutex held, after every
// change of the registry.
func (s *Server) spread() {
	changed, ended := s.registry.Changed()
	if len(changed) == 0 && len(ended) == 0 {
		return
	}
	var rows []agent.Row
	for _, id := range ended {
		rows = append(rows, agent.Row{Key: append([]byte{rowSession}, id[:]...)})
		delete(s.tags, id)
		for l := range s.listens[id] {
			l.conn.Close()
		}
		delete(s.listens, id)
	}
	for _, one := range changed {
		text, err := json.Marshal(one)
		if err != nil {
			panic("daemon: " + err.Error())
		}
		rows = append(rows, agent.Row{Key: append([]byte{rowSession}, one.ID[:]...), Value: text})
	}
	if s.rows != nil {
		s.rows.add(rows)
	}
	for _, m := range s.meshes {
		s.spreadTo(m, changed, ended)
	}
}

// spreadTo brings sessions that changed or ended to one mesh.
func (s *Server) spreadTo(m *mesh, changed []*agent.Session, ended []wire.SessionID) {
	for _, id := range ended {
		m.queue.End(id)
		m.shown[id] = nil
	}
	for _, one := range changed {
		if !m.in(one) {
			if m.queue.Lives(one.ID) {
				m.queue.End(one.ID)
				m.shown[one.ID] = nil
			}
			continue
		}
		m.queue.Begin(one.ID, one.Traits())
		card := s.card(one)
		m.shown[one.ID] = &card
	}
	m.post(m.queue.Pushes(time.Now()))
	poke(m.showing)
}

// card is what others see of a session.
func (s *Server) card(one *agent.Session) peer.Card {
	host, _ := os.Hostname()
	tags := slices.Clone(one.Tags)
	if tag := s.tags[one.ID]; tag != "" && !slices.Contains(tags, tag) {
		tags = slices.Insert(tags, 0, tag)
	}
	return peer.Card{
		Kind: one.Kind, Status: one.Status, StatusSince: one.Since, Summary: one.Summary, Host: oneLine(host),
		Directory: shorten(one.Directory, s.homes), Model: oneLine(one.Model), Tags: tags, Client: oneLine(one.Client),
	}
}

// sessionCard is a session as its owner sees it. It is called with the mutex held.
func (s *Server) sessionCard(one *agent.Session) SessionCard {
	out := SessionCard{Session: one.ID, Process: one.Process, Card: s.card(one), Meshes: []string{}, Since: one.Began}
	now := time.Now()
	for _, m := range s.held() {
		if m.in(one) {
			out.Meshes = append(out.Meshes, m.view.Load().Name)
			out.Waiting += m.queue.Waiting(now, one.ID)
		}
	}
	return out
}

// held are the meshes in a lasting order. It is called with the mutex held.
func (s *Server) held() []*mesh {
	all := make([]*mesh, 0, len(s.meshes))
	for _, m := range s.meshes {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *mesh) int {
		if a.view.Load().Name != b.view.Load().Name {
			if a.view.Load().Name < b.view.Load().Name {
				return -1
			}
			return 1
		}
		if a.folder.Name() < b.folder.Name() {
			return -1
		}
		return 1
	})
	return all
}

// attachment serves a connection that speaks for a session, until it ends.
func (s *Server) attachment(ctx context.Context, l *lines, r *request) {
	var one *agent.Session
	var number uint64
	l.mu.Lock() // no push goes before the answer
	body, err := hand(r, func(a Agent) (attached, error) {
		if r.API != apiVersion {
			return attached{}, wire.Errorf(wire.CodeUnsupported, "The daemon that runs is of another version. Start this program anew.")
		}
		if a.Session.IsZero() || a.Kind == "" {
			return attached{}, wire.Errorf(wire.CodeMalformed, "A session has an id and a kind.")
		}
		tag := repositoryTag(a.Directory)
		s.mu.Lock()
		defer s.mu.Unlock()
		one, number = s.registry.Attach(time.Now(), agent.Program{
			Session: a.Session, Process: a.Process, Kind: a.Kind, Mesh: a.Mesh, Directory: a.Directory, Model: a.Model,
			Client: a.Client, Tags: a.Tags, Push: a.Push,
		})
		if tag != "" {
			s.tags[one.ID] = tag
		}
		if s.listens[one.ID] == nil {
			s.listens[one.ID] = map[*lines]bool{}
		}
		s.listens[one.ID][l] = a.Push
		s.spread()
		return attached{one.ID}, nil
	})
	a := answer{Body: body}
	if err != nil {
		a = answer{Error: wire.AsError(err)}
	}
	failed := l.writeHeld(a)
	l.mu.Unlock()
	if err != nil {
		return
	}
	id, left, closed := one.ID, failed != nil, false
	for !left {
		var next request
		err := l.read(&next)
		closed = err == nil && next.Op == opDetach
		left = err != nil || closed
	}
	if ctx.Err() != nil {
		return // the daemon ends, and the session goes on with the next one
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listens[id], l)
	s.registry.Detach(time.Now(), id, number, closed)
	s.used = time.Now()
	s.spread()
}

// deliver sends a push to who listens for a session. Who does not read in time is hung up on: what is pushed is not lost by it.
func (s *Server) deliver(session wire.SessionID, message *Message) {
	s.mu.Lock()
	var to []*lines
	for l, wants := range s.listens[session] {
		if wants {
			to = append(to, l)
		}
	}
	s.mu.Unlock()
	for _, l := range to {
		l.conn.SetWriteDeadline(time.Now().Add(pushPatience))
		if l.write(answer{Push: message}) != nil {
			l.conn.Close()
		}
		l.conn.SetWriteDeadline(time.Time{})
	}
}

// pushPatience is how long a push waits for its reader.
const pushPatience = 5 * time.Second

// caller is the session that a request is about. It is called with the mutex held.
func (s *Server) caller(c *Caller) (*agent.Session, error) {
	if one := s.registry.Find(c.Session, c.Chain); one != nil {
		return one, nil
	}
	return nil, wire.Errorf(wire.CodeNotFound, "This belongs to no session that the daemon knows.")
}

// change changes a session's card.
func (s *Server) change(ctx context.Context, c *Change) (SessionCard, error) {
	if err := s.awaitReady(ctx); err != nil {
		return SessionCard{}, err
	}
	if c.Status != nil {
		switch *c.Status {
		case peer.StatusIdle, peer.StatusWorking, peer.StatusNeedsApproval, peer.StatusDND:
		default:
			return SessionCard{}, wire.Errorf(wire.CodeMalformed, "A status is idle, working, needs-approval or dnd.")
		}
	}
	for _, tag := range c.AddTags {
		if !goodTag(tag) {
			return SessionCard{}, wire.Errorf(wire.CodeMalformed, "%q is no tag: it has 1 to 64 bytes, without spaces and control characters.", tag)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	one, err := s.caller(&c.Caller)
	if err != nil {
		if c.Terminal == nil || !proc.Alive(*c.Terminal) {
			return SessionCard{}, err
		}
		one = s.registry.Begin(now, agent.Program{
			Session: newSession(), Process: *c.Terminal, Kind: peer.KindPerson, Client: "claudemesh " + s.config.Version, Lasting: true,
		})
	}
	if err := one.Clear(s.known()); err != nil {
		return SessionCard{}, err
	}
	if len(one.Tags)+len(c.AddTags) > agent.MaxTags {
		return SessionCard{}, wire.Errorf(wire.CodeTooLarge, "A session has at most %d tags.", agent.MaxTags)
	}
	if c.Status != nil {
		sign := agent.Sign{Status: *c.Status, At: now.UnixMilli()}
		s.registry.Tell(now, one, func(signs *agent.Signs) {
			switch c.Source {
			case SourceHook:
				signs.Hook = sign
			case SourceActivity:
				signs.Activity = sign
			default:
				signs.Manual = sign
			}
		})
	}
	if c.Summary != nil {
		one.Summarise(oneLine(*c.Summary))
	}
	if c.Model != nil {
		one.Model = oneLine(*c.Model)
	}
	one.AddTags(c.AddTags)
	one.DropTags(c.DropTags)
	if slices.Contains(c.DropTags, s.tags[one.ID]) {
		delete(s.tags, one.ID)
	}
	if c.Summary != nil || c.Model != nil || len(c.AddTags)+len(c.DropTags) > 0 {
		s.registry.Touch(one)
	}
	s.spread()
	return s.sessionCard(one), nil
}

// poll ends the sessions whose processes are gone, and lets statuses fall.
func (s *Server) poll() {
	s.mu.Lock()
	processes := map[proc.Process]bool{}
	for _, one := range s.registry.Sessions() {
		processes[one.Process] = true
	}
	s.mu.Unlock()
	for p := range processes { // the system's table is read outside the mutex
		processes[p] = p.IsZero() || proc.Alive(p)
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registry.Poll(now, func(p proc.Process) bool {
		alive, looked := processes[p]
		return alive || !looked
	})
	s.registry.Tick(now)
	s.spread()
}

// report is what the daemon says of itself.
func (s *Server) report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Report{
		PID: os.Getpid(), Version: s.config.Version, Since: s.started.UnixMilli(), Lasting: s.config.Lasting, Socket: s.socket,
		Meshes: []MeshReport{}, Sessions: []SessionCard{},
	}
	for _, m := range s.held() {
		view := m.view.Load()
		r.Meshes = append(r.Meshes, MeshReport{
			Mesh: view.Mesh, Name: view.Name, Relay: view.Relay, Connection: view.Connection, Problem: view.Problem,
			ClockSkew: view.ClockSkew,
		})
	}
	for _, problem := range s.problems {
		r.Meshes = append(r.Meshes, *problem)
	}
	for _, one := range s.registry.Sessions() {
		if !one.Ended {
			r.Sessions = append(r.Sessions, s.sessionCard(one))
		}
	}
	return r
}
