package address

import (
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// Kind tells what a text means.
type Kind uint8

// The kinds of a resolution.
const (
	None    Kind = iota
	One          // one member
	Several      // several members
	InTopic      // a topic
)

// Resolution is what a text means now.
type Resolution struct {
	Kind Kind
	// Members are distinct and ascending: the recipients. Oneself is among them only where nobody else is.
	Members []wire.MemberID
	Topic   wire.TopicID
	// Session is the one of the only member that the text names; zero: any.
	Session wire.SessionID
	// Candidates, CandidateTopics and CandidateSessions are what an ambiguous text could mean; the first two ascend.
	Candidates        []wire.MemberID
	CandidateTopics   []wire.TopicID
	CandidateSessions []SessionOf
}

// Resolve tells what a text means, or refuses: not_found, ambiguous (the resolution holds the candidates), malformed for an
// empty or impossible text, too_large for more than wire.MaxRecipients members.
//
// Upper and lower case are the same. A whole id always means its member or topic, whatever names others took. Groups, tags and *
// leave oneself out; * to more members than an envelope takes means #general. A session stands alone, as NAME/SESSION or by
// digits of its id.
func Resolve(input string, in Directory) (Resolution, error) {
	text := strings.TrimSpace(input)
	if !strings.Contains(text, ",") {
		return in.part(text)
	}
	list, err := in.list(text)
	whole := in.named(strings.TrimPrefix(text, "@"))
	if whole.empty() {
		return list, err
	}
	switch wire.CodeOf(err) {
	case "", wire.CodeAmbiguous:
		return whole.with(list.Members...).with(list.Candidates...).ambiguous(text, &in)
	case wire.CodeNotFound, wire.CodeMalformed:
		return whole.one(text, &in)
	}
	return list, err
}

// list resolves parts between commas to the members of them all.
func (in *Directory) list(text string) (Resolution, error) {
	var all found
	for part := range strings.SplitSeq(text, ",") {
		r, err := in.part(strings.TrimSpace(part))
		if err != nil && wire.CodeOf(err) != wire.CodeTooLarge {
			return r, err
		}
		if r.Kind == InTopic {
			return Resolution{}, wire.Errorf(wire.CodeMalformed, "a topic stands alone, not in a list")
		}
		if !r.Session.IsZero() {
			return Resolution{}, wire.Errorf(wire.CodeMalformed, "a session stands alone, not in a list")
		}
		all = all.with(r.Members...)
	}
	return all.several(text, in)
}

func (in *Directory) part(text string) (Resolution, error) {
	if text == "" {
		return Resolution{}, wire.Errorf(wire.CodeMalformed, "nobody is named: use @name, an id, #topic, @group, tag:name or *")
	}
	if text == "*" {
		return in.everyone()
	}
	if name, ok := strings.CutPrefix(text, "#"); ok {
		return in.topic(name)
	}
	if tag, ok := cutPrefixFold(text, "tag:"); ok {
		return in.every(func(m *Member) bool { return containsFold(m.Tags, tag) }).several(text, in)
	}
	name, at := strings.CutPrefix(text, "@")
	members := in.named(name)
	if !at {
		return in.withSessions(name, members, func(members found) (Resolution, error) { return members.one(text, in) })
	}
	group := in.every(func(m *Member) bool { return containsFold(m.Groups, name) })
	switch {
	case group.empty(), slices.Equal(group.distinct(), members.distinct()):
		return in.withSessions(name, members, func(members found) (Resolution, error) { return members.one(text, in) })
	case members.empty():
		return in.withSessions(name, group, func(group found) (Resolution, error) { return group.several(text, in) })
	}
	return members.with(group.ids...).ambiguous(text, in)
}

func (in *Directory) everyone() (Resolution, error) {
	all := in.every(func(*Member) bool { return true })
	if len(all.ids) > wire.MaxRecipients {
		for n := range in.Topics {
			if in.Topics[n].General {
				return Resolution{Kind: InTopic, Topic: in.Topics[n].ID}, nil
			}
		}
	}
	if all.empty() {
		return Resolution{}, wire.Errorf(wire.CodeNotFound, "nobody else is in this mesh yet")
	}
	return all.several("*", in)
}

// every finds the others of whom something holds.
func (in *Directory) every(holds func(*Member) bool) found {
	var all found
	for n := range in.Members {
		if m := &in.Members[n]; m.ID != in.Self && holds(m) {
			all.ids = append(all.ids, m.ID)
		}
	}
	return all
}

// named finds the members of a name, or of the id that begins so.
func (in *Directory) named(text string) found {
	var all found
	if text == "" {
		return all
	}
	maybeID := len(text) >= minPrefix && strings.Trim(text, "0123456789abcdefABCDEF") == ""
	for n := range in.Members {
		m := &in.Members[n]
		isID := false
		if maybeID {
			id := m.ID.String()
			if strings.EqualFold(id, text) {
				return found{ids: []wire.MemberID{m.ID}}
			}
			isID = isPrefix(text, id)
		}
		if isID || strings.EqualFold(m.Name, text) {
			all.ids = append(all.ids, m.ID)
		}
	}
	return all
}

func (in *Directory) topic(text string) (Resolution, error) {
	var ids []wire.TopicID
	archived := false
	for n := range in.Topics {
		t := &in.Topics[n]
		id := t.ID.String()
		switch {
		case t.General && strings.EqualFold(t.Name, text), !t.Archived && strings.EqualFold(id, text):
			return Resolution{Kind: InTopic, Topic: t.ID}, nil
		case !strings.EqualFold(t.Name, text) && !isPrefix(text, id):
		case t.Archived:
			archived = true
		default:
			ids = append(ids, t.ID)
		}
	}
	switch {
	case len(ids) == 1:
		return Resolution{Kind: InTopic, Topic: ids[0]}, nil
	case len(ids) > 1:
		return ambiguousTopics(text, ids)
	case archived:
		return Resolution{}, wire.Errorf(wire.CodeNotFound, "the topic #%s is archived", text)
	}
	return Resolution{}, wire.Errorf(wire.CodeNotFound, "there is no topic #%s here", text)
}

// minPrefix is how many digits of an id are taken for it.
const minPrefix = 8

// isPrefix reports whether text is at least the first minPrefix digits of an id.
func isPrefix(text, id string) bool {
	return len(text) >= minPrefix && len(text) <= len(id) && strings.EqualFold(id[:len(text)], text)
}

func cutPrefixFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}

func containsFold(list []string, text string) bool {
	for _, have := range list {
		if strings.EqualFold(have, text) {
			return true
		}
	}
	return false
}
