package peer

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/vectors"
)

func TestCardVectors(t *testing.T) {
	vectors.Run(t, "card", map[string]func(*vectors.Case) error{"card": func(c *vectors.Case) error {
		card, err := parseCard(c.Bytes("json"))
		if err != nil {
			return err
		}
		c.WantText("kind", string(card.Kind))
		c.WantText("status", string(card.Status))
		c.WantText("summary", card.Summary)
		c.WantText("host", card.Host)
		c.WantText("directory", card.Directory)
		c.WantText("model", card.Model)
		c.WantText("tags", strings.Join(card.Tags, "\n"))
		c.WantText("client", card.Client)
		c.WantNumber("status_since", uint64(card.StatusSince))
		again, err := parseCard(card.encode())
		if err == nil && string(again.encode()) != string(card.encode()) {
			c.Errorf("written again it is %s", again.encode())
		}
		return err
	}})
}
