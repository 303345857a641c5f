package peer

import (
	"bytes"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// ConversationID names a conversation: "topic:<topic id>", "direct:<member id>" (of the other member, or one's own), or
// "group:<member ids, ascending, joined by ->" without one's own.
type ConversationID string

const (
	topicPrefix  = "topic:"
	directPrefix = "direct:"
	groupPrefix  = "group:"
)

// TopicConversation is a topic's.
func TopicConversation(topic wire.TopicID) ConversationID {
	return ConversationID(topicPrefix + topic.String())
}

// DirectConversation is the conversation that self has with the members, in any order. Self among others is left out.
func DirectConversation(self wire.MemberID, members ...wire.MemberID) ConversationID {
	others := slices.Clone(members)
	others = slices.DeleteFunc(others, func(m wire.MemberID) bool { return m == self })
	order.By(others, func(a, b wire.MemberID) int { return bytes.Compare(a[:], b[:]) })
	others = slices.Compact(others)
	switch len(others) {
	case 0:
		return ConversationID(directPrefix + self.String())
	case 1:
		return ConversationID(directPrefix + others[0].String())
	}
	ids := make([]string, len(others))
	for i, m := range others {
		ids[i] = m.String()
	}
	return ConversationID(groupPrefix + strings.Join(ids, "-"))
}

// Parse gives the topic, or the members (without self, but for a conversation with oneself). Anything that the functions
// above do not make is CodeMalformed.
func (id ConversationID) Parse() (topic wire.TopicID, members []wire.MemberID, err error) {
	text := string(id)
	if rest, ok := strings.CutPrefix(text, topicPrefix); ok {
		err = topic.UnmarshalText([]byte(rest))
		return topic, nil, err
	}
	rest, direct := strings.CutPrefix(text, directPrefix)
	if !direct {
		var group bool
		if rest, group = strings.CutPrefix(text, groupPrefix); !group {
			return topic, nil, errConversation
		}
	}
	parts := strings.Split(rest, "-")
	if direct != (len(parts) == 1) || len(parts) > wire.MaxRecipients {
		return topic, nil, errConversation
	}
	members = make([]wire.MemberID, len(parts))
	for i, part := range parts {
		if err := members[i].UnmarshalText([]byte(part)); err != nil {
			return topic, nil, err
		}
		if i > 0 && bytes.Compare(members[i-1][:], members[i][:]) >= 0 {
			return topic, nil, errConversation
		}
	}
	return topic, members, nil
}

var errConversation = wire.Errorf(wire.CodeMalformed, "a conversation is named topic:<id>, direct:<id> or group:<ids>")
