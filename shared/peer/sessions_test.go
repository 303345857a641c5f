package peer

import (
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// shown makes the view of a member of sessions, at a moment at which the relay's word counts.
func shown(sessions ...*session) MemberView {
	c := &Core{now: time.Unix(1, 0), link: link{phase: phaseLive}, roster: roster.New()}
	for i, s := range sessions {
		s.key.session = wire.SessionID{byte(i + 1)}
	}
	return c.memberView(roster.Member{ID: wire.MemberID{1}}, sessions)
}

func TestMembersAtAGlance(t *testing.T) {
	one := func(state Presence, since int64, kind Kind, status Status) *session {
		return &session{state: state, since: since, card: Card{Kind: kind, Status: status, Summary: string(kind) + " " + string(status)}}
	}
	agent := func(status Status) *session { return one(Online, 50, KindAgent, status) }
	person := func(status Status) *session { return one(Online, 50, KindPerson, status) }
	for name, c := range map[string]struct {
		sessions []*session
		presence Presence
		since    int64
		summary  string
		shown    int
	}{
		"nobody":                             {nil, Offline, 0, "", 0},
		"needs-approval before working":      {[]*session{agent(StatusWorking), agent(StatusNeedsApproval), agent(StatusIdle)}, Online, 50, "agent needs-approval", 3},
		"working before idle":                {[]*session{agent(StatusIdle), agent(StatusWorking), agent(StatusDND)}, Online, 50, "agent working", 3},
		"an agent that is not to be written": {[]*session{agent(StatusDND), agent(StatusIdle)}, Online, 50, "agent idle", 2},
		"a person who is not to be":          {[]*session{agent(StatusNeedsApproval), person(StatusDND)}, Online, 50, "person dnd", 2},
		"a person before agents":             {[]*session{agent(StatusIdle), person(StatusIdle)}, Online, 50, "person idle", 2},
		"what is online before what is away": {[]*session{one(Away, 90, KindAgent, StatusNeedsApproval), one(Online, 20, KindAgent, StatusIdle), one(Online, 10, KindAgent, StatusIdle)}, Online, 10, "agent idle", 3},
		"what is away before what is gone":   {[]*session{one(Offline, 99, KindAgent, StatusWorking), one(Away, 40, KindAgent, StatusIdle), one(Away, 60, KindAgent, StatusDND)}, Away, 60, "agent idle", 2},
		"the last one":                       {[]*session{one(Offline, 5, KindAgent, StatusWorking), one(Offline, 7, KindAgent, StatusIdle)}, Offline, 7, "agent idle", 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := shown(c.sessions...)
			if v.Presence != c.presence || v.Since != c.since || v.Summary != c.summary || len(v.Sessions) != c.shown {
				t.Errorf("the member is %s since %d, %q, %d sessions", v.Presence, v.Since, v.Summary, len(v.Sessions))
			}
			slices.Reverse(c.sessions)
			if back := shown(c.sessions...); back.Summary != v.Summary || back.Since != v.Since {
				t.Errorf("in another order it is %+v", back)
			}
		})
	}
}

func TestStatusOfAClockThatIsAhead(t *testing.T) {
	for since, want := range map[int64]int64{0: 0, 500: 500, 1000: 1000, 5000: 1000} {
		v := shown(&session{state: Online, card: Card{Kind: KindAgent, Status: StatusIdle, StatusSince: since}})
		if got := v.Sessions[0].Card.StatusSince; got != want {
			t.Errorf("at 1000, what began at %d is shown since %d", since, got)
		}
	}
}

// TestOfflineSessionsAreForgotten: sessions come and go for months, and a core that runs as long keeps one of each member.
func TestOfflineSessionsAreForgotten(t *testing.T) {
	c := &Core{presence: newPresence()}
	for i := range 1000 {
		s := wire.SessionState{Member: wire.MemberID{byte(i % 2)}, Device: wire.DeviceID{1}, Session: wire.SessionID{byte(i), byte(i >> 8)}}
		for _, state := range []Presence{Online, Away, Offline} {
			s.State, s.Since = string(state), int64(i)
			c.hearSession(&s)
		}
	}
	if n := len(c.presence.sessions); n != 2 {
		t.Errorf("of two members %d sessions are kept", n)
	}
}

// TestAsksAreBounded: whoever asks without end pushes out its own oldest questions, here and in the store.
func TestAsksAreBounded(t *testing.T) {
	c := &Core{}
	for i := range maxAsks + 10 {
		c.asked(&MessageView{ID: wire.MessageID{byte(i), byte(i >> 8)}, Type: "ask", Conversation: "direct:1", Arrival: uint64(i)})
	}
	stored := map[string]bool{}
	for _, op := range c.batch.Ops {
		if stored[string(op.Key)] = true; op.Value == nil {
			delete(stored, string(op.Key))
		}
	}
	if len(c.asks) != maxAsks || len(stored) != maxAsks || c.asks[0].row.Arrival != 10 || !c.changed {
		t.Errorf("%d are kept and %d stored, from %d", len(c.asks), len(stored), c.asks[0].row.Arrival)
	}
}

// TestNobodyDrivesOutTheQuestionsOfOthers: neither one member that asks without end nor several.
func TestNobodyDrivesOutTheQuestionsOfOthers(t *testing.T) {
	c := &Core{}
	ask := func(from byte, n int) {
		id := wire.MessageID{from, byte(n), byte(n >> 8)}
		c.asked(&MessageView{ID: id, From: wire.MemberID{from}, Type: "ask", Conversation: "direct:1", Arrival: uint64(len(c.batch.Ops))})
	}
	for i := range 3 {
		ask(1, i)
	}
	for i := range 4 * maxAsks {
		ask(2, i)
		ask(3, i)
	}
	of := map[wire.MemberID]int{}
	for _, a := range c.asks {
		of[a.row.From]++
	}
	if len(c.asks) != maxAsks || of[wire.MemberID{1}] != 3 || of[wire.MemberID{2}] < maxAsks/3 || of[wire.MemberID{3}] < maxAsks/3 {
		t.Errorf("of %d questions, the members have %v", len(c.asks), of)
	}
}

// TestEndsAreBounded: of the sessions whose end nobody could be told, the latest are remembered.
func TestEndsAreBounded(t *testing.T) {
	c := &Core{speech: newSpeech(&Device{}), device: Device{Session: wire.SessionID{255}}}
	for i := range 3 * wire.MaxSpoken {
		id := wire.SessionID{1, byte(i)}
		c.commandCard(ShowCard{Session: id, Card: Card{Kind: KindAgent, Status: StatusIdle}})
		c.commandEndSession(EndSession{Session: id})
	}
	if n := len(c.speech.all); n != wire.MaxSpoken || c.speech.find(wire.SessionID{1, byte(3*wire.MaxSpoken - 1)}) == nil {
		t.Errorf("%d ends are remembered", n)
	}
	if n := len(c.Device().Spoken); n != wire.MaxSpoken {
		t.Errorf("%d ends are handed on", n)
	}
}
