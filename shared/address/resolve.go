package address

import "claudemesh.com/mesh/shared/wire"

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
	// Candidates and CandidateTopics are what an ambiguous text could mean.
	Candidates      []wire.MemberID
	CandidateTopics []wire.TopicID
}

// Resolve tells what a text means, or refuses: not_found, ambiguous (the resolution holds the candidates), malformed for an
// empty or impossible text, too_large for more than wire.MaxRecipients members.
func Resolve(input string, in Directory) (Resolution, error) { panic("unwritten") }
