package roster_test

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

var update = flag.Bool("update", false, "write what the scenarios give into their files")

// TestScenarios runs testdata/scenarios: in each file, lines at the margin are statements and what else happens, and the
// indented lines below them are what comes of it. testdata/scenarios/README.md says what a line may be.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newScenario(t).run(string(data))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("%s gives\n%s", file, got)
			}
		})
	}
}

// scenario is a world with a relay that folds what it is sent, and what the lines said.
type scenario struct {
	*world
	relay  bool          // whether the clock is checked
	blind  *roster.State // what a relay would have
	again  *roster.State // what a program has that reads its store
	labels map[string]*roster.Statement
	heads  map[string]wire.Head // after the labelled statement
}

func newScenario(t *testing.T) *scenario {
	return &scenario{world: newWorld(t), blind: roster.NewBlind(), again: roster.New(), labels: map[string]*roster.Statement{}, heads: map[string]wire.Head{}}
}

func (s *scenario) run(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		b.WriteString(line)
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for out := range strings.Lines(s.line(line)) {
			b.WriteString("    " + out)
		}
	}
	return b.String()
}

// line does one line and gives what comes of it.
func (s *scenario) line(line string) string {
	label, rest, ok := strings.Cut(line, ": ")
	if !ok {
		label, rest = "", line
	}
	c := newCommand(s.t, rest)
	switch c.verb {
	case "clock":
		s.now += uint64(duration(s.t, c.args[0]).Milliseconds())
		return ""
	case "relay":
		s.relay = c.args[0] == "on"
		return ""
	case "state":
		return s.dump(s.state)
	case "usable":
		return verdict(s.state.Usable(s.invite(c.args[0]), s.landed()))
	case "counter":
		d, _ := s.state.Device(s.id(c.args[0]))
		n, _ := strconv.ParseUint(c.args[1], 10, 64)
		return verdict(d.CheckCounter(n))
	case "again":
		return s.apply(s.labels[c.args[0]])
	}
	stmt := s.statement(c)
	if label != "" {
		s.labels[label] = stmt
		s.names[stmt.TopicID()] = label
	}
	said := s.apply(stmt)
	if label != "" {
		s.heads[label] = s.state.Head()
	}
	return said
}

func (s *scenario) landed() time.Time {
	if s.relay {
		return time.UnixMilli(int64(s.now))
	}
	return time.Time{}
}

// apply gives the verdict, and checks on the way that a check changes nothing and says the same, and that a blind fold and a
// replay of all that landed come out the same.
func (s *scenario) apply(stmt *roster.Statement) string {
	before := s.exact(s.state)
	checked := s.state.Check(stmt, s.landed())
	if after := s.exact(s.state); after != before || s.state.HasHead(stmt.HeadAfter(s.state.Head())) {
		s.t.Errorf("a statement checked leaves\n%s\nnot\n%s", after, before)
	}
	err := s.state.Apply(stmt, s.landed())
	blind := s.blind.Apply(stmt, s.landed())
	if code := wire.CodeOf(err); wire.CodeOf(checked) != code || wire.CodeOf(blind) != code {
		s.t.Errorf("%v: but checked %v, blind %v", err, checked, blind)
	}
	if s.blind.Head() != s.state.Head() {
		s.t.Errorf("a blind fold has another head")
	}
	want := before
	if err == nil {
		if err := s.again.Replay(stmt, s.landed()); err != nil {
			s.t.Errorf("a replay refuses: %v", err)
		}
		want = s.exact(s.again)
	}
	if after := s.exact(s.state); after != want {
		s.t.Errorf("%v leaves\n%s\nnot\n%s", err, after, want)
	}
	return verdict(err)
}

func verdict(err error) string {
	if err != nil {
		return string(wire.CodeOf(err)) + "\n"
	}
	return "ok\n"
}
