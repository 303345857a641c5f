package agent_test

import (
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/wire"
)

// What names one mesh means it, what names several means none of them, and an id that is long enough cannot be borne as a name.
func TestMeant(t *testing.T) {
	harbour, reef := wire.MeshID{1, 2, 3, 4, 5}, wire.MeshID{1, 2, 3, 4, 9}
	whole, sure := harbour.String(), harbour.String()[:agent.Sure]
	known := []agent.Known{
		{Name: "Harbour", ID: harbour}, {Name: "Reef", ID: reef}, {Name: "Tides", ID: wire.MeshID{7}}, {Name: "Tides", ID: wire.MeshID{8}},
		{Name: sure, ID: wire.MeshID{9}}, {Name: "07000000", ID: wire.MeshID{10}},
	}
	for want, ids := range map[string][]wire.MeshID{
		"Harbour": {harbour}, whole: {harbour}, sure: {harbour}, strings.ToUpper(sure): {harbour}, "01020304": {harbour, reef}, "0102030": nil,
		"Tides": {{7}, {8}}, "harbour": nil, "": nil, "07000000": {{7}, {10}}, sure + "ff": nil,
	} {
		var got []wire.MeshID
		for _, m := range agent.Meant(want, known) {
			got = append(got, m.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%q means %v, want %v", want, got, ids)
		}
		r := agent.NewRegistry(windows)
		s, _ := r.Attach(noon, agent.Program{Session: id(1), Mesh: want})
		for _, m := range known {
			if in := s.In(m.ID, known); in != (want == "" || len(ids) == 1 && ids[0] == m.ID) {
				t.Errorf("a session that keeps to %q is in %s: %v", want, m.Name, in)
			}
		}
		if err := s.Clear(known); (wire.CodeOf(err) == wire.CodeAmbiguous) != (len(ids) > 1) {
			t.Errorf("a session that keeps to %q: %v", want, err)
		}
	}
}
