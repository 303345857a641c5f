package daemon

import (
	"strings"
	"unicode"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// oneLine is a text from elsewhere in one line, without characters that a terminal would obey.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func memberName(view *peer.MeshView, member wire.MemberID) string {
	for i := range view.Members {
		if view.Members[i].Member == member && view.Members[i].Name != "" {
			return oneLine(view.Members[i].Name)
		}
	}
	return member.String()[:8]
}

func topicName(view *peer.MeshView, topic wire.TopicID) string {
	for i := range view.Topics {
		if view.Topics[i].Topic == topic {
			return oneLine(view.Topics[i].Name)
		}
	}
	return topic.String()[:8]
}
