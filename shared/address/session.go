package address

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// A session is named behind its member and a slash, by digits of its id, the last element of its directory, or its host; or by
// digits of its id alone. Names of members may have slashes in them, so the last one divides.

// minSession is how many digits of a session's id are taken for it behind its member's name.
const minSession = 4

// SessionOf is a session of a member.
type SessionOf struct {
	Member  wire.MemberID
	Session wire.SessionID
}

// sessions finds what a text names of sessions, and, where it does that behind a name that several have, all of these members.
func (in *Directory) sessions(text string) (all []SessionOf, of found) {
	for n := range in.Members {
		for _, s := range in.Members[n].Sessions {
			if isPrefix(text, s.ID.String()) {
				all = append(all, SessionOf{in.Members[n].ID, s.ID})
			}
		}
	}
	slash := strings.LastIndexByte(text, '/')
	if slash < 0 {
		return all, found{}
	}
	members := in.named(text[:slash])
	for _, id := range members.distinct() {
		for _, s := range in.sessionsOf(id) {
			if s.fits(text[slash+1:]) {
				all = append(all, SessionOf{id, s.ID})
			}
		}
	}
	if len(all) > 0 && len(members.distinct()) > 1 {
		return nil, members
	}
	return all, found{}
}

func (in *Directory) sessionsOf(member wire.MemberID) []Session {
	for n := range in.Members {
		if in.Members[n].ID == member {
			return in.Members[n].Sessions
		}
	}
	return nil
}

func (s *Session) fits(text string) bool {
	if text == "" {
		return false
	}
	id := s.ID.String()
	if len(text) >= minSession && len(text) <= len(id) && strings.EqualFold(id[:len(text)], text) {
		return true
	}
	return strings.EqualFold(s.folder(), text) || strings.EqualFold(s.Host, text)
}

// folder is the last element of the directory, as either kind of system writes it.
func (s *Session) folder() string {
	path := strings.TrimRight(s.Directory, `/\`)
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// withSessions decides between the members that a text names and the sessions. A session's whole id means it whatever names
// others took; it may be the beginning of a member's id, and another member may have taken the same, so that it is not above those.
func (in *Directory) withSessions(text string, members found, decide func(found) (Resolution, error)) (Resolution, error) {
	sessions, several := in.sessions(text)
	if !several.empty() {
		return members.with(several.ids...).ambiguous(text, in)
	}
	if len(sessions) == 0 {
		r, err := decide(members)
		if wire.CodeOf(err) == wire.CodeNotFound {
			err = in.noSession(text, err)
		}
		return r, err
	}
	if len(sessions[0].Session.String()) == len(text) {
		members.ids = slices.DeleteFunc(slices.Clone(members.ids), func(id wire.MemberID) bool { return !isPrefix(text, id.String()) })
	}
	if len(sessions) == 1 && members.empty() {
		return Resolution{Kind: One, Members: []wire.MemberID{sessions[0].Member}, Session: sessions[0].Session}, nil
	}
	r := Resolution{Candidates: members.distinct(), CandidateSessions: sessions}
	var names []string
	for _, id := range r.Candidates {
		names = append(names, in.nameOf(id)+" ("+in.shortID(id)+")")
	}
	for _, s := range sessions {
		names = append(names, in.nameOf(s.Member)+"/"+s.Session.String()[:minPrefix])
	}
	return r, wire.Errorf(wire.CodeAmbiguous, "%q fits more than one: %s; use an id", text, enumerate(names[:min(len(names), shownCandidates)], len(names)))
}

// noSession says what is missing where the text before the last slash means one member.
func (in *Directory) noSession(text string, err error) error {
	slash := strings.LastIndexByte(text, '/')
	if slash < 0 {
		return err
	}
	if members := in.named(text[:slash]).distinct(); len(members) == 1 {
		return wire.Errorf(wire.CodeNotFound, "no session of %s fits %q", in.nameOf(members[0]), text[slash+1:])
	}
	return err
}

// suggestSessions suggests the sessions of the one member whose name was typed whole, or stands before the last slash: by the folder
// where that means one of them, and else by digits of the id. One without a directory is suggested for its digits alone.
func (in *Directory) suggestSessions(text string) []Suggestion {
	name, prefix := strings.TrimPrefix(text, "@"), ""
	members := in.named(name).distinct()
	if slash := strings.LastIndexByte(name, '/'); len(members) == 0 && slash >= 0 {
		name, prefix = name[:slash], name[slash+1:]
		members = in.named(name).distinct()
	}
	if name == "" || len(members) != 1 || members[0] == in.Self {
		return nil
	}
	before := text[:len(text)-len(prefix)]
	if prefix == "" {
		before = strings.TrimSuffix(before, "/") + "/"
	}
	var all []Suggestion
	for _, s := range in.sessionsOf(members[0]) {
		id := s.ID.String()
		byName := s.Directory != "" && (hasPrefixFold(s.folder(), prefix) || hasPrefixFold(s.Host, prefix))
		if !byName && (prefix == "" || !hasPrefixFold(id, prefix)) {
			continue
		}
		for _, which := range []string{s.folder(), id[:minPrefix], id} {
			r, err := Resolve(before+which, *in)
			if err == nil && r.Session == s.ID && r.Members[0] == members[0] && strings.TrimSpace(which) == which {
				all = append(all, Suggestion{
					Target: before + which, Label: in.nameOf(members[0]) + "/" + which, Kind: SuggestMember, Member: members[0], Session: s.ID, Count: 1,
				})
				break
			}
		}
	}
	order.By(all, func(x, y Suggestion) int {
		return cmp.Or(cmp.Compare(x.Label, y.Label), bytes.Compare(x.Session[:], y.Session[:]))
	})
	return all
}
