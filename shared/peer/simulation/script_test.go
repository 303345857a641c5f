package simulation

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

var update = flag.Bool("update", false, "write what the cores do now into testdata")

// TestScripts runs testdata/*.txt: blocks of commands (commands_test.go), a line of dashes, and what peers show and refuse.
// A block ends with an empty line. Run with -update to write the outputs, then read the difference.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s: the cores do something else now:\n%s", file, firstDifference(string(text), got))
			}
		})
	}
}

func runScript(t *testing.T, text string) string {
	w := newWorld(1)
	w.script = &script{w: w, t: t}
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		w.script.out.Reset()
		for line := range strings.SplitSeq(commands, "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				w.script.command(line)
			}
			if w.failed != nil {
				t.Fatalf("%q: %v\n%s", line, w.failed, w.story(40))
			}
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n----\n%s", commands, w.script.out.String())
	}
	return out.String()
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(a) || i < len(b); i++ {
		x, y := "(the end)", "(the end)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\n  was %s\n  is  %s", i+1, x, y)
		}
	}
	return ""
}

// script is a world that is told what to do, and tells what peers show.
type script struct {
	w   *world
	t   *testing.T
	out strings.Builder
	// saved is the backup that the relay's store may be put back to.
	saved *backup
}

func (s *script) line(format string, args ...any) {
	fmt.Fprintf(&s.out, format+"\n", args...)
}

// rest lets everything happen that is under way.
func (s *script) rest() { s.w.run(s.w.now.Add(2 * time.Second)) }

// notified tells what a peer's program is told.
func (s *script) notified(p *peerNode, n peer.Notify) {
	switch n.Event.Kind {
	case peer.EventMessage:
		m := n.Event.Message
		if m == nil {
			row, _ := p.store.Get(s.t.Context(), peer.BucketMessage, n.Row)
			state, _ := p.store.Get(s.t.Context(), peer.BucketState, n.Row)
			stored, err := peer.ParseMessage(row, state)
			if err != nil {
				s.t.Fatal(err)
			}
			stored = p.core.Named(stored)
			m = &stored
		}
		sign := "now"
		if n.Event.IsNew {
			sign = "shows"
		}
		s.line("%s %s %s", p.name, sign, s.describe(p, m))
	case peer.EventConnection:
		if n.Event.Connection == peer.Removed || n.Event.Connection == peer.Unconnected && p.core.Final() != nil {
			s.line("%s is %s: %v", p.name, n.Event.Connection, n.Event.Problem)
		}
	}
}

func (s *script) describe(p *peerNode, m *peer.MessageView) string {
	where := s.conversation(p, m.Conversation)
	if m.Gap {
		return fmt.Sprintf("%s/%d: a gap", where, m.Seq)
	}
	text := fmt.Sprintf("%s/%d %s: %s [%s", where, m.Seq, m.FromName, m.Text, m.State)
	if m.Error != nil {
		text += " " + string(m.Error.Code)
	}
	if m.History {
		text += ", history"
	}
	if m.Type != "text" {
		text += ", " + m.Type
	}
	return text + "]"
}

func (s *script) conversation(p *peerNode, id peer.ConversationID) string {
	topic, members, err := id.Parse()
	if err != nil {
		return string(id)
	}
	if !topic.IsZero() {
		for _, view := range p.core.View().Topics {
			if view.Topic == topic {
				return "#" + view.Name
			}
		}
		return "#?"
	}
	var names []string
	for _, m := range members {
		names = append(names, s.w.nameOf(m))
	}
	return "with " + strings.Join(names, "+")
}

func (s *script) dropped(p *peerNode, d peer.Dropped) {
	where := "nothing"
	if d.Stream.Kind.Valid() {
		where = d.Stream.Kind.String()
	}
	s.line("%s drops from %s, said to be of %s: %s", p.name, where, s.w.deviceOf(d.Sender), d.Reason)
}

func (s *script) hungUp(p *peerNode, o peer.Hangup) {
	end := ""
	if o.Final {
		end = " for good"
	}
	s.line("%s hangs up%s: %v", p.name, end, o.Problem)
}

// mesh tells what a peer knows.
func (s *script) mesh(p *peerNode) {
	v := p.core.View()
	s.line("%s: %q as %q, %v, %s, %d unread, %d waiting", p.name, v.Name, v.DisplayName, v.Role, v.Connection, v.Unread, v.Waiting)
	if v.Problem != nil {
		s.line("  problem: %v", v.Problem)
	}
	for _, m := range v.Members {
		name := m.Name
		if name == "" {
			name = "(joining)"
		}
		s.line("  member %s, %v, %s %s, %d devices, %d sessions", name, m.Role, m.Kind, m.Presence, len(m.Devices), len(m.Sessions))
	}
	for _, topic := range v.Topics {
		s.line("  #%s, %d unread", topic.Name, topic.Unread)
	}
	for _, d := range v.Directs {
		s.line("  %s, %d unread, last %q", s.conversation(p, d.Conversation), d.Unread, d.LastText)
	}
}

func (s *script) peer(name string) *peerNode {
	p := s.w.peer(name)
	if p == nil {
		s.t.Fatalf("nobody is called %s", name)
	}
	return p
}

func (s *script) result(p *peerNode) func(peer.Result) {
	return func(r peer.Result) {
		if r.Err != nil {
			s.line("%s is refused: %v", p.name, r.Err)
		}
	}
}

// inbox is the stream of a peer's member.
func inbox(p *peerNode) wire.Stream { return wire.InboxStream(p.member) }
