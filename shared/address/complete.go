package address

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// SuggestionKind tells what a suggestion stands for.
type SuggestionKind string

// The kinds of suggestions.
const (
	SuggestMember SuggestionKind = "member"
	SuggestTopic  SuggestionKind = "topic"
	SuggestGroup  SuggestionKind = "group"
	SuggestTag    SuggestionKind = "tag"
	SuggestAll    SuggestionKind = "all"
)

// Suggestion is one way to go on with a text.
type Suggestion struct {
	Target string // the whole text after taking it; it resolves without ambiguity
	Label  string // what to show
	Kind   SuggestionKind
	Member wire.MemberID // of SuggestMember
	// Session is the one of the member that the target names; zero: none.
	Session wire.SessionID
	Topic   wire.TopicID // of SuggestTopic
	Count   int          // how many members it reaches; 0 for a topic
}

// Complete gives at most limit ways to go on with a text: topics for #, members and groups for @, tags for tag:, and else
// members by name, and a member's sessions behind its name and a slash. In a list only what follows the last comma is completed, once what stands before it resolves. Those who are
// online come first. Oneself is not suggested.
func Complete(text string, in Directory, limit int) []Suggestion {
	before, part := "", text
	if at := strings.LastIndexByte(text, ','); at >= 0 {
		if _, err := in.list(text[:at]); err == nil { // else the comma may be part of a name
			before, part = text[:at+1], text[at+1:]
		}
	}
	part = strings.TrimSpace(part)
	var all []Suggestion
	if name, ok := strings.CutPrefix(part, "#"); ok {
		if before == "" {
			all = in.suggestTopics(name)
		}
	} else if tag, ok := cutPrefixFold(part, "tag:"); ok {
		all = in.suggestLabels(SuggestTag, "tag:", tag, func(m *Member) []string { return m.Tags })
	} else {
		if part == "" || part == "*" {
			all = in.suggestAll()
		}
		name, at := strings.CutPrefix(part, "@")
		all = append(all, in.suggestMembers(before, name, at, limit)...)
		if before == "" {
			all = append(all, in.suggestSessions(part)...)
		}
		if at {
			all = append(all, in.suggestLabels(SuggestGroup, "@", name, func(m *Member) []string { return m.Groups })...)
		}
	}
	all = slices.DeleteFunc(all, func(s Suggestion) bool { return s.Target == "" })
	all = all[:max(0, min(limit, len(all)))]
	for n := range all {
		all[n].Target = before + all[n].Target
	}
	return all
}

func (in *Directory) suggestAll() []Suggestion {
	others := in.every(func(*Member) bool { return true })
	if others.empty() {
		return nil
	}
	return []Suggestion{{Target: "*", Label: "everyone", Kind: SuggestAll, Count: len(others.ids)}}
}

func (in *Directory) suggestTopics(prefix string) []Suggestion {
	var all []Suggestion
	for n := range in.Topics {
		t := &in.Topics[n]
		if t.Archived || !hasPrefixFold(t.Name, prefix) {
			continue
		}
		target := "#" + t.Name
		if r, err := in.topic(t.Name); err != nil || r.Topic != t.ID {
			target = "#" + t.ID.String()
		}
		all = append(all, Suggestion{Target: target, Label: "#" + t.Name, Kind: SuggestTopic, Topic: t.ID})
	}
	order.By(all, func(x, y Suggestion) int {
		return cmp.Or(cmp.Compare(x.Label, y.Label), bytes.Compare(x.Topic[:], y.Topic[:]))
	})
	return all
}

func (in *Directory) suggestMembers(before, prefix string, at bool, limit int) []Suggestion {
	var fit []*Member
	for n := range in.Members {
		if m := &in.Members[n]; m.ID != in.Self && m.fits(prefix) {
			fit = append(fit, m)
		}
	}
	order.By(fit, func(x, y *Member) int {
		return cmp.Or(
			first(hasPrefixFold(x.Name, prefix), hasPrefixFold(y.Name, prefix)),
			first(x.Online, y.Online),
			first(x.Name != "", y.Name != ""),
			cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)),
			bytes.Compare(x.ID[:], y.ID[:]),
		)
	})
	var all []Suggestion
	for _, m := range fit[:max(0, min(limit, len(fit)))] {
		all = append(all, Suggestion{Target: in.targetOf(m, before, at), Label: cmp.Or(m.Name, "joining"), Kind: SuggestMember, Member: m.ID, Count: 1})
	}
	return all
}

// targetOf is the member's name where that means the member alone, and else its id.
func (in *Directory) targetOf(m *Member, before string, at bool) string {
	target := m.Name
	if at {
		target = "@" + m.Name
	}
	if before != "" && strings.Contains(target, ",") {
		return in.shortID(m.ID)
	}
	if r, err := Resolve(target, *in); err == nil && r.Kind == One && r.Members[0] == m.ID && r.Session.IsZero() && strings.TrimSpace(target) == target {
		return target
	}
	return in.shortID(m.ID)
}

// fits reports whether the name, a word in it, or the id begins with the prefix.
func (m *Member) fits(prefix string) bool {
	if hasPrefixFold(m.Name, prefix) || len(prefix) >= minPrefix/2 && hasPrefixFold(m.ID.String(), prefix) {
		return true
	}
	for word := range strings.FieldsSeq(m.Name) {
		if hasPrefixFold(word, prefix) {
			return true
		}
	}
	return false
}

// suggestLabels suggests the groups or tags of others; one that does not resolve by itself has no target.
func (in *Directory) suggestLabels(kind SuggestionKind, sign, prefix string, labels func(*Member) []string) []Suggestion {
	counts := map[string]map[wire.MemberID]bool{}
	for n := range in.Members {
		m := &in.Members[n]
		for _, label := range labels(m) {
			if m.ID == in.Self || !hasPrefixFold(label, prefix) || strings.Contains(label, ",") {
				continue
			}
			label = strings.ToLower(label)
			if counts[label] == nil {
				counts[label] = map[wire.MemberID]bool{}
			}
			counts[label][m.ID] = true
		}
	}
	var all []Suggestion
	for label, members := range counts {
		s := Suggestion{Target: sign + label, Label: sign + label, Kind: kind, Count: len(members)}
		if _, err := in.part(s.Target); err != nil {
			s.Target = ""
		}
		all = append(all, s)
	}
	order.By(all, func(x, y Suggestion) int { return cmp.Compare(x.Label, y.Label) })
	return all
}

func hasPrefixFold(text, prefix string) bool {
	_, ok := cutPrefixFold(text, prefix)
	return ok
}

// first puts what holds before what does not.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}
