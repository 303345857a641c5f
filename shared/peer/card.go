package peer

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/wire"
)

// Bounds of a card's fields, in characters, so that a card always fits wire.MaxCard.
const (
	maxCardText = 512
	maxCardTags = 32
	maxCardTag  = 64
)

// cardJSON is a card as docs/PROTOCOL.md, section 10, writes it.
type cardJSON struct {
	Version   int      `json:"v"`
	Kind      Kind     `json:"kind"`
	Status    Status   `json:"status"`
	Summary   string   `json:"summary"`
	Host      string   `json:"host"`
	Directory string   `json:"directory"`
	Model     string   `json:"model"`
	Tags      []string `json:"tags"`
	Client    string   `json:"client"`
	Since     int64    `json:"status_since,omitempty"`
}

const cardVersion = 1

var (
	kinds    = []Kind{KindPerson, KindAgent, KindConnector}
	statuses = []Status{StatusIdle, StatusWorking, StatusNeedsApproval, StatusDND}
)

func (card *Card) check() error {
	if !slices.Contains(kinds, card.Kind) || !slices.Contains(statuses, card.Status) {
		return wire.Errorf(wire.CodeMalformed, "A session is a person, an agent or a connector; idle, working, needs-approval or dnd.")
	}
	for _, text := range []string{card.Summary, card.Host, card.Directory, card.Model, card.Client} {
		if !plainText(text, maxCardText) {
			return wire.Errorf(wire.CodeMalformed, "What a session says of itself is at most %d characters a field, in one line.", maxCardText)
		}
	}
	if card.StatusSince < 0 || card.StatusSince > wire.MaxJSONNumber {
		return wire.Errorf(wire.CodeMalformed, "A status began at a time in milliseconds since 1970.")
	}
	if len(card.Tags) > maxCardTags {
		return wire.Errorf(wire.CodeMalformed, "A session has at most %d tags.", maxCardTags)
	}
	for _, tag := range card.Tags {
		if tag == "" || !plainText(tag, maxCardTag) || strings.ContainsAny(tag, ", ") {
			return wire.Errorf(wire.CodeMalformed, "A tag is 1 to %d characters without spaces and commas.", maxCardTag)
		}
	}
	return nil
}

func (card *Card) equal(other *Card) bool {
	return bytes.Equal(card.encode(), other.encode())
}

// plainText reports whether a text has at most limit characters and none that control a terminal.
func plainText(text string, limit int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}

func (card *Card) encode() []byte {
	tags := card.Tags
	if tags == nil {
		tags = []string{}
	}
	return encode(cardJSON{
		cardVersion, card.Kind, card.Status, card.Summary, card.Host, card.Directory, card.Model, tags, card.Client, card.StatusSince,
	})
}

// parseCard reads another session's card, by the bounds that the own one keeps.
func parseCard(text []byte) (Card, error) {
	var in cardJSON
	if err := wire.DecodeJSON(text, wire.MaxCard, &in); err != nil {
		return Card{}, err
	}
	if in.Version != cardVersion {
		return Card{}, wire.Refuse(wire.CodeUnsupported)
	}
	card := Card{in.Kind, in.Status, in.Since, in.Summary, in.Host, in.Directory, in.Model, in.Tags, in.Client}
	return card, card.check()
}
