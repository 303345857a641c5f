package peer

import (
	"slices"
	"strconv"

	"claudemesh.com/mesh/shared/address"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// directory is who and what can be addressed now.
func (c *Core) directory() address.Directory {
	d := address.Directory{Self: c.member}
	for _, m := range c.memberViews() {
		one := address.Member{ID: m.Member, Name: m.Name, Groups: m.Groups, Online: m.Presence == Online}
		for _, s := range m.Sessions {
			if s.State != Offline {
				one.Tags = append(one.Tags, s.Card.Tags...)
				one.Sessions = append(one.Sessions, address.Session{ID: s.Session, Directory: s.Card.Directory, Host: s.Card.Host})
			}
		}
		if m.IsSelf {
			c.addOwn(&one)
		}
		d.Members = append(d.Members, one)
	}
	general := wire.GeneralTopic(c.self.Mesh)
	for t := range c.roster.Topics() {
		d.Topics = append(d.Topics, address.Topic{ID: t.ID, Name: c.topicName(t.ID).Name, General: t.ID == general, Archived: t.Archived})
	}
	return d
}

// addOwn adds the sessions of this device of which the relay has not said that they are here.
func (c *Core) addOwn(self *address.Member) {
	for _, s := range c.speech.all {
		if s.card != nil && !slices.ContainsFunc(self.Sessions, func(known address.Session) bool { return known.ID == s.session }) {
			self.Sessions = append(self.Sessions, address.Session{ID: s.session, Directory: s.card.Directory, Host: s.card.Host})
		}
	}
}

// Resolve tells what a typed target means now.
func (c *Core) Resolve(input string) Resolution {
	out := Resolution{Input: input, Kind: TargetNone}
	if problem := c.usable(); problem != nil {
		out.Problem = problem
		return out
	}
	r, err := address.Resolve(input, c.directory())
	if err != nil {
		out.Problem = wire.AsError(err)
		out.Candidates = c.recipientViews(r.Candidates)
		for _, s := range r.CandidateSessions {
			for _, view := range c.recipientViews([]wire.MemberID{s.Member}) {
				view.Name += "/" + s.Session.String()[:8]
				out.Candidates = append(out.Candidates, view)
			}
		}
		for _, topic := range r.CandidateTopics {
			out.Candidates = append(out.Candidates, RecipientView{Name: "#" + c.topicName(topic).Name})
		}
		return out
	}
	if r.Kind == address.InTopic {
		out.Kind, out.Topic, out.TopicName = TargetTopic, r.Topic, c.topicName(r.Topic).Name
		out.Conversation = TopicConversation(r.Topic)
		out.Devices = c.roster.PresentDevices() - 1
		return out
	}
	out.Kind = TargetMember
	if len(r.Members) > 1 {
		out.Kind = TargetMembers
	}
	out.Conversation, out.Session = DirectConversation(c.member, r.Members...), r.Session
	out.Recipients = c.recipientViews(r.Members)
	for _, id := range r.Members {
		out.Devices += len(c.roster.DevicesOf(id))
		if id == c.member {
			out.Devices--
		}
	}
	return out
}

func (c *Core) recipientViews(ids []wire.MemberID) []RecipientView {
	var all []RecipientView
	sessions := map[wire.MemberID][]*session{}
	for _, s := range c.sessions() {
		sessions[s.member] = append(sessions[s.member], s)
	}
	for _, id := range ids {
		if m, ok := c.roster.Member(id); ok && m.Standing == roster.Present {
			v := c.memberView(m, sessions[id])
			all = append(all, RecipientView{Member: id, Name: v.Name, Kind: v.Kind, Presence: v.Presence})
		}
	}
	return all
}

// maxSuggestions is how many ways to go on Complete gives.
const maxSuggestions = 12

// Complete suggests targets that begin like prefix.
func (c *Core) Complete(prefix string) []Suggestion {
	if c.usable() != nil {
		return nil
	}
	var all []Suggestion
	views := map[wire.MemberID]MemberView{}
	for _, m := range c.memberViews() {
		views[m.Member] = m
	}
	for _, s := range address.Complete(prefix, c.directory(), maxSuggestions) {
		out := Suggestion{Target: s.Target, Label: s.Label, Kind: string(s.Kind), Member: s.Member}
		switch s.Kind {
		case address.SuggestMember:
			m := views[s.Member]
			out.Kind, out.Detail = string(m.Kind), m.Summary
			for _, one := range m.Sessions {
				if one.Session == s.Session {
					out.Kind, out.Detail = string(one.Card.Kind), one.Card.Summary
				}
			}
			if out.Detail == "" {
				out.Detail = string(m.Presence)
			}
		case address.SuggestTopic:
			out.Detail = c.topicName(s.Topic).Description
		default:
			out.Detail = memberCount(s.Count)
		}
		all = append(all, out)
	}
	return all
}

func memberCount(n int) string {
	if n == 1 {
		return "1 member"
	}
	return strconv.Itoa(n) + " members"
}
