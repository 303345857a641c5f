package agent

import (
	"bytes"
	"slices"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// How long a session outlives what it hangs on.
const (
	// Absence is how long a session without hooks may be without an attachment.
	Absence = 3 * time.Second
	// Return is how long one that was restored may be: its program looks for the daemon anew.
	Return = 15 * time.Second
)

// Bounds on what a session says of itself, in bytes and counts. A card that is larger than the wire takes would be refused whole.
const (
	MaxTags    = 16
	maxTag     = 64
	MaxSummary = 500
	maxField   = 200
)

// Session is one session of this machine. Its JSON is how it is kept.
type Session struct {
	ID      wire.SessionID   `json:"id"`
	Aliases []wire.SessionID `json:"aliases,omitempty"` // other ids that its attachments gave themselves
	Process proc.Process     `json:"process"`
	// Claude is the session id of the agent's program, where hooks tell of it; it lives without an attachment then.
	Claude string `json:"claude,omitempty"`
	// Lasting sessions live as long as their process: those of terminals.
	Lasting   bool      `json:"lasting,omitempty"`
	Kind      peer.Kind `json:"kind"`
	Meshes    []string  `json:"meshes,omitempty"` // as --mesh names them; none: all
	Directory string    `json:"directory,omitempty"`
	Model     string    `json:"model,omitempty"`
	Client    string    `json:"client,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	Summary   string    `json:"summary,omitempty"`
	Signs     Signs     `json:"signs"`
	// Status and Since are what Signs add up to, and since when they do; Began and Active are when it began and last did
	// something; all in milliseconds since 1970.
	Status peer.Status `json:"status"`
	Since  int64       `json:"since"`
	Began  int64       `json:"began"`
	Active int64       `json:"active"`
	// Ended says that its program told its end while an attachment remains: it is shown nowhere until it does something.
	Ended bool `json:"ended,omitempty"`

	attachments map[uint64]attachment
	leaves      time.Time // when it goes, where it has nothing to hang on; zero: not
	next        int64     // when its status may change by itself; 0: not
}

// attachment is one program that speaks for a session.
type attachment struct {
	mesh string
	push bool
}

// Push reports whether an attachment of the session takes pushes.
func (s *Session) Push() bool {
	for _, a := range s.attachments {
		if a.push {
			return true
		}
	}
	return false
}

// Traits are those that a queue needs.
func (s *Session) Traits() Traits {
	return Traits{Push: s.Push(), Quiet: s.Status == peer.StatusDND, Active: time.UnixMilli(s.Active)}
}

// Program is what an attachment or a hook tells of itself. Empty fields leave what is known.
type Program struct {
	Session   wire.SessionID
	Process   proc.Process
	Claude    string
	Kind      peer.Kind
	Mesh      string
	Directory string
	Model     string
	Client    string
	Tags      []string
	Push      bool
	Lasting   bool
}

// Registry is the sessions of this machine.
type Registry struct {
	windows  Windows
	sessions map[wire.SessionID]*Session
	changed  map[wire.SessionID]bool
	ended    []wire.SessionID
	last     uint64 // number of the last attachment
}

// NewRegistry makes an empty one.
func NewRegistry(w Windows) *Registry {
	return &Registry{windows: w, sessions: map[wire.SessionID]*Session{}, changed: map[wire.SessionID]bool{}}
}

// Restore takes a session in as it was kept. Whether it still lives, Poll finds out.
func (r *Registry) Restore(now time.Time, s Session) {
	s.attachments = map[uint64]attachment{}
	if s.Claude == "" && !s.Lasting {
		s.leaves = now.Add(Return)
	}
	if s.Ended {
		s.leaves = now
	}
	r.sessions[s.ID] = &s
	r.settle(now, &s)
	r.changed[s.ID] = true
}

// Sessions are all of them, by when they began.
func (r *Registry) Sessions() []*Session {
	all := make([]*Session, 0, len(r.sessions))
	for _, s := range r.sessions {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Session) int {
		if a.Began != b.Began {
			return int(a.Began - b.Began)
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all
}

// Find is the session with an id, or else the one of the first process of a chain that has one; nil: none.
func (r *Registry) Find(id wire.SessionID, chain []proc.Process) *Session {
	if !id.IsZero() {
		if s := r.sessions[id]; s != nil {
			return s
		}
		for _, s := range r.sessions {
			if slices.Contains(s.Aliases, id) {
				return s
			}
		}
	}
	for _, process := range chain {
		if s := r.of(process); s != nil {
			return s
		}
	}
	return nil
}

func (r *Registry) of(process proc.Process) *Session {
	if process.IsZero() {
		return nil
	}
	for _, s := range r.sessions {
		if s.Process == process {
			return s
		}
	}
	return nil
}

// Claude is the session of which the agent's program has this id, or nil.
func (r *Registry) Claude(id string) *Session {
	if id == "" {
		return nil
	}
	for _, s := range r.sessions {
		if s.Claude == id {
			return s
		}
	}
	return nil
}

// Begin gives the session of a program: the one that it is known as, or that its process has, or a new one with p.Session as id.
func (r *Registry) Begin(now time.Time, p Program) *Session {
	s := r.Find(p.Session, nil)
	if s == nil {
		s = r.of(p.Process)
	}
	if s == nil {
		s = &Session{
			ID: p.Session, Process: p.Process, Kind: p.Kind, Began: now.UnixMilli(), Since: now.UnixMilli(),
			Active: now.UnixMilli(), attachments: map[uint64]attachment{},
		}
		r.sessions[s.ID] = s
	} else if s.ID != p.Session && !p.Session.IsZero() && !slices.Contains(s.Aliases, p.Session) {
		s.Aliases = append(s.Aliases, p.Session)
	}
	if s.Process.IsZero() {
		s.Process = p.Process
	}
	if p.Kind != "" && s.Kind != peer.KindAgent { // what is an agent to one that tells stays one
		s.Kind = p.Kind
	}
	replace(&s.Claude, p.Claude)
	replace(&s.Directory, p.Directory)
	replace(&s.Model, p.Model)
	replace(&s.Client, p.Client)
	s.Lasting = s.Lasting || p.Lasting
	s.AddTags(p.Tags)
	s.Ended = false
	if s.hangs() {
		s.leaves = time.Time{}
	}
	r.settle(now, s)
	r.changed[s.ID] = true
	return s
}

func replace(field *string, with string) {
	if with != "" {
		*field = cut(with, maxField)
	}
}

// cut shortens a text to so many bytes, at the end of a character.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && text[size]&0xc0 == 0x80 {
		size--
	}
	return text[:size]
}

// hangs reports whether there is something that a session lives by beside its process.
func (s *Session) hangs() bool { return s.Claude != "" || s.Lasting || len(s.attachments) > 0 }

// Attach makes a program speak for a session, until Detach with the number that is given back.
func (r *Registry) Attach(now time.Time, p Program) (*Session, uint64) {
	s := r.Begin(now, p)
	r.last++
	s.attachments[r.last] = attachment{p.Mesh, p.Push}
	s.leaves = time.Time{}
	s.mind()
	return s, r.last
}

// mind sets in which meshes a session shows itself by what speaks for it; with nothing, that stays.
func (s *Session) mind() {
	if len(s.attachments) == 0 {
		return
	}
	s.Meshes = nil
	for _, a := range s.attachments {
		if a.mesh == "" {
			s.Meshes = nil
			return
		}
		if !slices.Contains(s.Meshes, a.mesh) {
			s.Meshes = append(s.Meshes, a.mesh)
		}
	}
	slices.Sort(s.Meshes)
}

// Detach ends an attachment. A session that hangs on nothing else goes: at once where it was closed, and else after Absence.
func (r *Registry) Detach(now time.Time, id wire.SessionID, number uint64, closed bool) {
	s := r.Find(id, nil)
	if s == nil {
		return
	}
	delete(s.attachments, number)
	s.mind()
	r.changed[s.ID] = true
	switch {
	case s.Ended && len(s.attachments) == 0:
		r.End(s)
	case s.hangs():
	case closed:
		r.End(s)
	default:
		s.leaves = now.Add(Absence)
	}
}

// End ends a session for good.
func (r *Registry) End(s *Session) {
	delete(r.sessions, s.ID)
	delete(r.changed, s.ID)
	r.ended = append(r.ended, s.ID)
}

// Farewell is the end that an agent's program tells. While a program still speaks for the session it is only shown no more.
func (r *Registry) Farewell(s *Session) {
	s.Claude = ""
	if len(s.attachments) == 0 {
		r.End(s)
		return
	}
	s.Ended = true
	s.Signs = Signs{}
	r.changed[s.ID] = true
}

// Poll ends the sessions whose process is gone and those that hung on nothing for too long.
func (r *Registry) Poll(now time.Time, alive func(proc.Process) bool) {
	for _, s := range r.Sessions() {
		if !s.Process.IsZero() && !alive(s.Process) || !s.leaves.IsZero() && !now.Before(s.leaves) {
			r.End(s)
		}
	}
}

// Tell notes signs of a session's status and that it did something.
func (r *Registry) Tell(now time.Time, s *Session, change func(*Signs)) {
	s.Active = now.UnixMilli()
	s.Ended = false
	change(&s.Signs)
	r.settle(now, s)
	r.changed[s.ID] = true
}

// Act infers from something that a session did that it works.
func (r *Registry) Act(now time.Time, s *Session) {
	r.Tell(now, s, func(signs *Signs) { signs.Activity = Sign{peer.StatusWorking, now.UnixMilli()} })
}

// Touch notes that a session's description was changed.
func (r *Registry) Touch(s *Session) { r.changed[s.ID] = true }

func (r *Registry) settle(now time.Time, s *Session) {
	status, next := s.Signs.Status(now, r.windows)
	s.next = next
	if status != s.Status {
		s.Status, s.Since = status, now.UnixMilli()
		r.changed[s.ID] = true
	}
}

// Tick lets statuses fall that nothing confirmed.
func (r *Registry) Tick(now time.Time) {
	for _, s := range r.sessions {
		if s.next != 0 && now.UnixMilli() >= s.next {
			r.settle(now, s)
		}
	}
}

// Changed hands out the sessions that changed, and the ids of those that ended, since it was called last.
func (r *Registry) Changed() (changed []*Session, ended []wire.SessionID) {
	for id := range r.changed {
		if s := r.sessions[id]; s != nil {
			changed = append(changed, s)
		}
	}
	clear(r.changed)
	ended, r.ended = r.ended, nil
	return changed, ended
}

// AddTags adds tags that are not there yet, up to MaxTags.
func (s *Session) AddTags(tags []string) {
	for _, tag := range tags {
		if tag = cut(tag, maxTag); tag != "" && !slices.Contains(s.Tags, tag) && len(s.Tags) < MaxTags {
			s.Tags = append(s.Tags, tag)
		}
	}
}

// DropTags takes tags away.
func (s *Session) DropTags(tags []string) {
	s.Tags = slices.DeleteFunc(s.Tags, func(tag string) bool { return slices.Contains(tags, tag) })
}

// Summarise says in a line what the session works on; a longer one is cut.
func (s *Session) Summarise(text string) { s.Summary = cut(text, MaxSummary) }

// In reports whether the session shows itself in a mesh of those that this machine has: in all, or in what --mesh means alone.
func (s *Session) In(mesh wire.MeshID, known []Known) bool {
	return !s.Ended && (len(s.Meshes) == 0 || slices.ContainsFunc(s.Meshes, func(want string) bool {
		meant := Meant(want, known)
		return len(meant) == 1 && meant[0].ID == mesh
	}))
}

// Clear is CodeAmbiguous where what --mesh was given means several meshes: the session shows itself in none of them.
func (s *Session) Clear(known []Known) error {
	for _, want := range s.Meshes {
		if meant := Meant(want, known); len(meant) > 1 {
			return wire.Errorf(wire.CodeAmbiguous, "This session is kept to the mesh %q, which means several of this machine: %s. What starts it has to name one by its id: claudemesh setup AGENT --mesh ID.", want, List(meant))
		}
	}
	return nil
}
