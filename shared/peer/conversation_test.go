package peer

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

func TestConversationIDs(t *testing.T) {
	self, a, b := wire.MemberID{1}, wire.MemberID{2}, wire.MemberID{3}
	for _, c := range []struct {
		id      ConversationID
		prefix  string
		members []wire.MemberID
	}{
		{DirectConversation(self, a), "direct:02", []wire.MemberID{a}},
		{DirectConversation(self, self, a, a), "direct:02", []wire.MemberID{a}},
		{DirectConversation(self), "direct:01", []wire.MemberID{self}},
		{DirectConversation(self, self), "direct:01", []wire.MemberID{self}},
		{DirectConversation(self, b, self, a), "group:02", []wire.MemberID{a, b}},
	} {
		_, members, err := c.id.Parse()
		if err != nil || !strings.HasPrefix(string(c.id), c.prefix) || len(members) != len(c.members) || members[0] != c.members[0] {
			t.Errorf("%s: %v, %v", c.id, members, err)
		}
		if again := DirectConversation(self, members...); again != c.id {
			t.Errorf("%s becomes %s", c.id, again)
		}
	}
	topic, members, err := TopicConversation(wire.TopicID{9}).Parse()
	if topic != (wire.TopicID{9}) || members != nil || err != nil {
		t.Errorf("a topic's: %v, %v, %v", topic, members, err)
	}
}

func TestConversationIDsRefused(t *testing.T) {
	a, b := wire.MemberID{2}.String(), wire.MemberID{3}.String()
	for _, id := range []ConversationID{
		"", "direct:", "topic:", "group:", "elsewhere:" + ConversationID(a), "direct:" + ConversationID(a[:62]),
		"direct:" + ConversationID(strings.ToUpper("ab"+a[2:])), "direct:" + ConversationID(a+"-"+b), "group:" + ConversationID(a),
		"group:" + ConversationID(b+"-"+a), "group:" + ConversationID(a+"-"+a), "topic:" + ConversationID(a+"-"+b),
		"group:" + ConversationID(strings.Repeat(a+"-", 65)+b),
	} {
		if _, _, err := id.Parse(); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%.40q is taken: %v", id, err)
		}
	}
}
