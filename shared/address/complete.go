package address

import "claudemesh.com/mesh/shared/wire"

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
	Topic  wire.TopicID  // of SuggestTopic
	Count  int           // how many members it reaches; 0 for a topic
}

// Complete gives at most limit ways to go on with a text, of which only the part behind the last comma is completed: topics
// for #, members and groups for @, tags for tag:, and else members by name. Those who are online come first.
func Complete(text string, in Directory, limit int) []Suggestion { panic("unwritten") }
