package agent_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

var windows = agent.Windows{Hook: 30 * time.Second, Working: time.Minute}

func TestStatus(t *testing.T) {
	at := func(status peer.Status, seconds int64) agent.Sign {
		return agent.Sign{Status: status, At: noon.UnixMilli() - 1000*seconds}
	}
	for name, c := range map[string]struct {
		signs agent.Signs
		want  peer.Status
		next  int64 // seconds from now; 0: never
	}{
		"nothing":                     {agent.Signs{}, peer.StatusIdle, 0},
		"dnd sticks":                  {agent.Signs{Manual: at(peer.StatusDND, 9999), Hook: at(peer.StatusWorking, 1)}, peer.StatusDND, 0},
		"a fresh hook":                {agent.Signs{Manual: at(peer.StatusIdle, 1), Hook: at(peer.StatusNeedsApproval, 10)}, peer.StatusNeedsApproval, 20},
		"by hand after an old hook":   {agent.Signs{Manual: at(peer.StatusIdle, 20), Hook: at(peer.StatusNeedsApproval, 40)}, peer.StatusIdle, 0},
		"by hand before an old hook":  {agent.Signs{Manual: at(peer.StatusIdle, 50), Hook: at(peer.StatusNeedsApproval, 40)}, peer.StatusNeedsApproval, 0},
		"by hand, not activity":       {agent.Signs{Manual: at(peer.StatusIdle, 50), Activity: at(peer.StatusWorking, 1)}, peer.StatusIdle, 0},
		"activity after an old hook":  {agent.Signs{Hook: at(peer.StatusNeedsApproval, 40), Activity: at(peer.StatusWorking, 10)}, peer.StatusWorking, 50},
		"activity before an old hook": {agent.Signs{Hook: at(peer.StatusNeedsApproval, 40), Activity: at(peer.StatusWorking, 50)}, peer.StatusNeedsApproval, 0},
		"working, and fresh":          {agent.Signs{Hook: at(peer.StatusWorking, 10)}, peer.StatusWorking, 20},
		"working, and old":            {agent.Signs{Hook: at(peer.StatusWorking, 40)}, peer.StatusWorking, 20},
		"working no more":             {agent.Signs{Hook: at(peer.StatusWorking, 60)}, peer.StatusIdle, 0},
		"working by hand no more":     {agent.Signs{Manual: at(peer.StatusWorking, 60)}, peer.StatusIdle, 0},
		"working by hand, with signs": {agent.Signs{Manual: at(peer.StatusWorking, 60), Activity: at(peer.StatusWorking, 10)}, peer.StatusWorking, 50},
	} {
		status, next := c.signs.Status(noon, windows)
		if next != 0 {
			next = (next - noon.UnixMilli()) / 1000
		}
		if status != c.want || next != c.next {
			t.Errorf("%s: %s until %d, want %s until %d", name, status, next, c.want, c.next)
		}
	}
}

func TestHookSigns(t *testing.T) {
	for event, want := range map[[2]string]peer.Status{
		{"SessionStart", "startup"}: peer.StatusIdle, {"UserPromptSubmit"}: peer.StatusWorking, {"PostToolUse"}: peer.StatusWorking,
		{"PermissionRequest"}: peer.StatusNeedsApproval, {"Notification", "permission_prompt"}: peer.StatusNeedsApproval,
		{"Notification", "elicitation_dialog"}: peer.StatusNeedsApproval, {"Notification", "idle_prompt"}: peer.StatusIdle,
		{"Notification", "auth_success"}: "", {"Stop"}: peer.StatusIdle, {"SomethingNew"}: "",
	} {
		if got := agent.HookSign(event[0], event[1]); got != want {
			t.Errorf("%v means %q, want %q", event, got, want)
		}
	}
}

// The status and its since move together, and only when the status does.
func TestSince(t *testing.T) {
	r := agent.NewRegistry(windows)
	s := r.Begin(noon, agent.Program{Session: id(1), Kind: peer.KindAgent, Claude: "c"})
	began := s.Since
	later := noon.Add(10 * time.Second)
	r.Act(later, s)
	if s.Status != peer.StatusWorking || s.Since != later.UnixMilli() {
		t.Errorf("working since %d", s.Since-began)
	}
	r.Act(later.Add(time.Second), s)
	if s.Since != later.UnixMilli() {
		t.Error("the same status moved its beginning")
	}
	r.Changed()
	r.Tick(later.Add(60 * time.Second))
	if changed, _ := r.Changed(); s.Status != peer.StatusWorking || len(changed) != 0 {
		t.Errorf("before its time it is %s", s.Status)
	}
	r.Tick(later.Add(61 * time.Second))
	if changed, _ := r.Changed(); s.Status != peer.StatusIdle || len(changed) != 1 || s.Since != later.Add(61*time.Second).UnixMilli() {
		t.Errorf("it fell to %s, and %d changed", s.Status, len(changed))
	}
}

// A hook and an MCP server of one program meet in one session, whichever comes first; both ids name it.
func TestOneSessionForOneProcess(t *testing.T) {
	p := proc.Process{PID: 7, Start: 1}
	for _, hookFirst := range []bool{true, false} {
		r := agent.NewRegistry(windows)
		begin := func() {
			r.Begin(noon, agent.Program{Session: id(1), Process: p, Claude: "c", Kind: peer.KindAgent, Model: "m"})
		}
		attach := func() {
			r.Attach(noon, agent.Program{Session: id(2), Process: p, Kind: peer.KindAgent, Client: "x", Mesh: "Harbour", Push: true})
		}
		if hookFirst {
			begin()
			attach()
		} else {
			attach()
			begin()
		}
		all := r.Sessions()
		if len(all) != 1 {
			t.Fatalf("there are %d sessions", len(all))
		}
		s := all[0]
		if r.Find(id(1), nil) != s || r.Find(id(2), nil) != s || r.Find(id(3), []proc.Process{{PID: 3}, p}) != s || r.Claude("c") != s {
			t.Error("it is not found by all its names")
		}
		if s.Model != "m" || s.Client != "x" || !s.Push() || !s.In(wire.MeshID{1}, []agent.Known{{Name: "Harbour", ID: wire.MeshID{1}}, {Name: "Other"}}) || s.In(wire.MeshID{}, []agent.Known{{Name: "Other"}}) {
			t.Errorf("it is %+v", s)
		}
		if r.Find(id(3), []proc.Process{{PID: 7, Start: 2}}) != nil {
			t.Error("a later process of the same number has its session")
		}
		r.Poll(noon, func(p proc.Process) bool { return p.PID != 7 })
		if _, ended := r.Changed(); len(ended) != 1 || len(r.Sessions()) != 0 {
			t.Error("its process is gone, and it is not")
		}
	}
}

func TestAttachments(t *testing.T) {
	alive := func(proc.Process) bool { return true }
	r := agent.NewRegistry(windows)
	s, first := r.Attach(noon, agent.Program{Session: id(1), Kind: peer.KindAgent})
	_, second := r.Attach(noon, agent.Program{Session: id(1), Kind: peer.KindAgent})
	r.Detach(noon, id(1), first, true)
	r.Detach(noon, id(1), second, false)
	r.Poll(noon.Add(agent.Absence-1), alive)
	if r.Find(id(1), nil) != s {
		t.Fatal("it went before its time")
	}
	_, third := r.Attach(noon.Add(agent.Absence-1), agent.Program{Session: id(1), Kind: peer.KindAgent})
	r.Poll(noon.Add(agent.Absence), alive)
	if r.Find(id(1), nil) != s {
		t.Fatal("it came back in time, and went")
	}
	r.Begin(noon, agent.Program{Session: id(1), Claude: "c"})
	r.Detach(noon, id(1), third, true)
	r.Poll(noon.Add(time.Hour), alive)
	if r.Find(id(1), nil) != s {
		t.Fatal("hooks told of it, and it went with its attachment")
	}
	r.Farewell(s)
	if r.Find(id(1), nil) != nil {
		t.Error("it said farewell, and is there")
	}

	s, number := r.Attach(noon, agent.Program{Session: id(2), Kind: peer.KindAgent, Claude: "c"})
	r.Farewell(s)
	if s.In(wire.MeshID{}, nil) || r.Find(id(2), nil) != s {
		t.Error("while its server is there, it is to be kept and not shown")
	}
	r.Act(noon, s)
	if !s.In(wire.MeshID{}, nil) {
		t.Error("it did something, and is not shown")
	}
	r.Farewell(s)
	r.Detach(noon, id(2), number, false)
	if r.Find(id(2), nil) != nil {
		t.Error("it said farewell and its server is gone, and it is there")
	}

	s, _ = r.Attach(noon, agent.Program{Session: id(3), Kind: peer.KindAgent})
	r.Detach(noon, id(3), 3, true)
	if r.Find(id(3), nil) != s {
		t.Error("the end of another's attachment ended it")
	}
}

// What is kept of a session brings it back as it was; it goes if nobody comes.
func TestRestore(t *testing.T) {
	alive := func(proc.Process) bool { return true }
	r := agent.NewRegistry(windows)
	s, _ := r.Attach(noon, agent.Program{Session: id(1), Process: proc.Process{PID: 7, Start: 1}, Kind: peer.KindAgent, Mesh: "Harbour", Tags: []string{"a"}})
	s.Summarise("the docks")
	r.Tell(noon, s, func(signs *agent.Signs) { signs.Manual = agent.Sign{Status: peer.StatusDND, At: noon.UnixMilli()} })
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var kept agent.Session
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	next := agent.NewRegistry(windows)
	next.Restore(noon.Add(time.Minute), kept)
	back := next.Find(id(1), nil)
	if back.Summary != "the docks" || back.Status != peer.StatusDND || back.Since != s.Since || !slices.Equal(back.Meshes, []string{"Harbour"}) || back.Push() {
		t.Errorf("it came back as %+v", back)
	}
	next.Poll(noon.Add(time.Minute+agent.Return-1), alive)
	if next.Find(id(1), nil) == nil {
		t.Error("it went before its program could come")
	}
	next.Poll(noon.Add(time.Minute+agent.Return), alive)
	if next.Find(id(1), nil) != nil {
		t.Error("nobody came for it, and it is there")
	}
}

func TestWords(t *testing.T) {
	r := agent.NewRegistry(windows)
	s := r.Begin(noon, agent.Program{Session: id(1), Kind: peer.KindAgent, Model: strings.Repeat("ß", 300)})
	if len(s.Model) > 200 || !strings.HasPrefix(s.Model, "ßß") || strings.ContainsRune(s.Model, '\ufffd') {
		t.Errorf("the model is %q", s.Model)
	}
	s.Summarise(strings.Repeat("é", 400))
	if len(s.Summary) != agent.MaxSummary {
		t.Errorf("the summary has %d bytes", len(s.Summary))
	}
	for n := range 2 * agent.MaxTags {
		s.AddTags([]string{string(rune('a' + n%26)), "a"})
	}
	if len(s.Tags) != agent.MaxTags {
		t.Errorf("the tags are %v", s.Tags)
	}
	s.DropTags([]string{"a", "z"})
	if slices.Contains(s.Tags, "a") {
		t.Errorf("the tags are %v", s.Tags)
	}
}
