package address

import (
	"bytes"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// found are members that a text fits, in any order and perhaps twice.
type found struct{ ids []wire.MemberID }

func (f found) empty() bool { return len(f.ids) == 0 }

func (f found) with(more ...wire.MemberID) found {
	return found{append(slices.Clip(f.ids), more...)}
}

// distinct are the members once each, ascending.
func (f found) distinct() []wire.MemberID {
	ids := slices.Clone(f.ids)
	order.By(ids, func(x, y wire.MemberID) int { return bytes.Compare(x[:], y[:]) })
	return slices.Compact(ids)
}

// one is for a text that means one member.
func (f found) one(text string, in *Directory) (Resolution, error) {
	if ids := f.distinct(); len(ids) > 1 {
		return f.ambiguous(text, in)
	}
	return f.several(text, in)
}

// several is for a text that may mean many. Oneself is left out where there are others.
func (f found) several(text string, in *Directory) (Resolution, error) {
	ids := f.distinct()
	if len(ids) > 1 {
		ids = slices.DeleteFunc(ids, func(id wire.MemberID) bool { return id == in.Self })
	}
	r := Resolution{Kind: Several, Members: ids}
	switch {
	case len(ids) == 0:
		return Resolution{}, wire.Errorf(wire.CodeNotFound, "nobody here fits %q", text)
	case len(ids) == 1:
		r.Kind = One
	case len(ids) > wire.MaxRecipients:
		return r, wire.Errorf(wire.CodeTooLarge, "%q means %d members; a message goes to at most %d, or to a topic", text, len(ids), wire.MaxRecipients)
	}
	return r, nil
}

// shownCandidates is how many candidates a sentence names.
const shownCandidates = 4

func (f found) ambiguous(text string, in *Directory) (Resolution, error) {
	r := Resolution{Candidates: f.distinct()}
	var names []string
	for _, id := range r.Candidates[:min(len(r.Candidates), shownCandidates)] {
		names = append(names, in.nameOf(id)+" ("+in.shortID(id)+")")
	}
	return r, wire.Errorf(wire.CodeAmbiguous, "%q fits more than one: %s; use an id", text, enumerate(names, len(r.Candidates)))
}

func ambiguousTopics(text string, ids []wire.TopicID) (Resolution, error) {
	order.By(ids, func(x, y wire.TopicID) int { return bytes.Compare(x[:], y[:]) })
	var names []string
	for _, id := range ids[:min(len(ids), shownCandidates)] {
		names = append(names, "#"+id.String()[:minPrefix])
	}
	return Resolution{CandidateTopics: ids}, wire.Errorf(wire.CodeAmbiguous, "#%s fits more than one topic: %s; use an id", text, enumerate(names, len(ids)))
}

func enumerate(names []string, of int) string {
	text := strings.Join(names, ", ")
	if of > len(names) {
		text += ", …"
	}
	return text
}

func (in *Directory) nameOf(id wire.MemberID) string {
	for n := range in.Members {
		if in.Members[n].ID == id && in.Members[n].Name != "" {
			return in.Members[n].Name
		}
	}
	return "joining"
}

// shortID is the shortest text, of minPrefix digits or more, that means this member and nobody else.
func (in *Directory) shortID(id wire.MemberID) string {
	text := id.String()
	for n := minPrefix; n < len(text); n++ {
		sessions, _ := in.sessions(text[:n])
		if len(in.named(text[:n]).distinct()) == 1 && len(sessions) == 0 {
			return text[:n]
		}
	}
	return text
}
