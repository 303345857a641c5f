package peer

import (
	"testing"

	"claudemesh.com/mesh/shared/address"
)

func TestNameBehindAnAt(t *testing.T) {
	in := address.Directory{Members: []address.Member{{Name: "Ada"}, {Name: "Ada Brandt"}, {Name: "backend-agent"}, {Name: ""}}}
	for _, c := range []struct{ text, want string }{
		{"Ada Brandt can you look", "Ada Brandt"},
		{"ada brandt", "Ada Brandt"},
		{"Ada Brandtner", "Ada"},
		{"Adam is somebody else", "Adam"},
		{"Ada, and", "Ada"},
		{"backend-agent: go on", "backend-agent"},
		{"reviewers).", "reviewers"},
		{"two\nlines", "two"},
		{" nobody", ""},
		{"", ""},
	} {
		if got := named(c.text, in); got != c.want {
			t.Errorf("behind the @ of %q stands %q, want %q", c.text, got, c.want)
		}
	}
}
