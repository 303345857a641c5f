package peer

import (
	"reflect"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

func TestCards(t *testing.T) {
	for _, card := range []Card{
		{Kind: KindPerson, Status: StatusIdle},
		{Kind: KindAgent, Status: StatusWorking, StatusSince: wire.MaxJSONNumber, Summary: "tests", Host: "box", Directory: "/src", Model: "m-1", Tags: []string{"repo:lab", "go"}, Client: "claudemesh 1"},
		{Kind: KindConnector, Status: StatusDND, Summary: strings.Repeat("ü", maxCardText)},
	} {
		if err := card.check(); err != nil {
			t.Errorf("%+v: %v", card, err)
		}
		back, err := parseCard(card.encode())
		if card.Tags == nil {
			card.Tags = []string{}
		}
		if err != nil || !reflect.DeepEqual(back, card) {
			t.Errorf("%+v comes back as %+v, %v", card, back, err)
		}
	}
}

func TestCardsRefused(t *testing.T) {
	good := Card{Kind: KindAgent, Status: StatusIdle}
	for name, change := range map[string]func(*Card){
		"kind":      func(c *Card) { c.Kind = "robot" },
		"no kind":   func(c *Card) { c.Kind = "" },
		"status":    func(c *Card) { c.Status = "bored" },
		"long":      func(c *Card) { c.Summary = strings.Repeat("x", maxCardText+1) },
		"escape":    func(c *Card) { c.Host = "a\x1b[2J" },
		"lines":     func(c *Card) { c.Summary = "a\nb" },
		"since":     func(c *Card) { c.StatusSince = -1 },
		"far":       func(c *Card) { c.StatusSince = wire.MaxJSONNumber + 1 },
		"many tags": func(c *Card) { c.Tags = make([]string, maxCardTags+1) },
		"empty tag": func(c *Card) { c.Tags = []string{""} },
		"wide tag":  func(c *Card) { c.Tags = []string{"a b"} },
		"list tag":  func(c *Card) { c.Tags = []string{"a,b"} },
	} {
		card := good
		change(&card)
		if err := card.check(); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parseCard(card.encode()); err == nil {
			t.Errorf("%s is taken from another", name)
		}
	}
	broken := good
	broken.Model = "\xff" // in JSON nobody can send it
	if err := broken.check(); wire.CodeOf(err) != wire.CodeMalformed {
		t.Errorf("a text that is not UTF-8: %v", err)
	}
	for text, code := range map[string]wire.Code{
		`{"v":2,"kind":"agent","status":"idle"}`:            wire.CodeUnsupported,
		`{"v":1,"kind":"agent","status":"idle","mood":"x"}`: wire.CodeUnknownField,
		`{"v":1,"kind":"agent","status":"idle"`:             wire.CodeMalformed,
	} {
		if _, err := parseCard([]byte(text)); wire.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
}
