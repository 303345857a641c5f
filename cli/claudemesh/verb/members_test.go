package verb

import (
	"testing"

	"claudemesh.com/mesh/shared/peer"
)

// What a session does not say of itself leaves nothing behind in its row.
func TestWhere(t *testing.T) {
	for want, card := range map[string]peer.Card{
		"": {}, "vm": {Host: "vm"}, "box": {Host: "box", Directory: " ", Tags: []string{"", "\n"}}, "vm ~/docks m repo:x": {Host: "vm", Directory: "~/docks", Model: "m", Tags: []string{"repo:x"}},
	} {
		if got := where(&peer.SessionView{Card: card}); got != want {
			t.Errorf("%+v is shown as %q, want %q", card, got, want)
		}
	}
}
