package peer

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// FuzzCard: a card that another session wrote is refused with a code, or is written again so that it reads the same.
func FuzzCard(f *testing.F) {
	full := Card{
		Kind: KindAgent, Status: StatusWorking, StatusSince: 1_795_291_200_000, Summary: "Reads the logs", Host: "build-box", Directory: "~/api",
		Model: "a model", Tags: []string{"repo:api", "ci"}, Client: "claude",
	}
	f.Add(full.encode())
	f.Add((&Card{Kind: KindPerson, Status: StatusIdle}).encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		card, err := parseCard(text)
		if err != nil {
			if code := wire.CodeOf(err); !code.Known() || code == wire.CodeInternal {
				t.Errorf("refused with %q: %v", code, err)
			}
			return
		}
		written := card.encode()
		if len(written) > wire.MaxCard {
			return // JSON can be written shorter than we do
		}
		if back, err := parseCard(written); err != nil || !bytes.Equal(back.encode(), written) {
			t.Errorf("%s is written as %s, which is read as %+v: %v", text, written, back, err)
		}
	})
}

// FuzzConversation: a conversation's name that is taken is the one that its members or its topic have.
func FuzzConversation(f *testing.F) {
	self := wire.MemberID{9}
	for _, id := range []ConversationID{
		TopicConversation(wire.TopicID{1}), DirectConversation(self, self), DirectConversation(self, wire.MemberID{1}),
		DirectConversation(self, wire.MemberID{2}, wire.MemberID{1}), "direct:", "group:", "topic:zz", "",
	} {
		f.Add(string(id))
	}
	f.Fuzz(func(t *testing.T, text string) {
		topic, members, err := ConversationID(text).Parse()
		if err != nil {
			if wire.CodeOf(err) != wire.CodeMalformed {
				t.Error(err)
			}
			return
		}
		again := TopicConversation(topic)
		if members != nil {
			again = DirectConversation(wire.MemberID{}, members...)
			if members[0] == (wire.MemberID{}) {
				return // the one whose conversation it is here
			}
		}
		if string(again) != text {
			t.Errorf("%q is another name of %q", text, again)
		}
	})
}
