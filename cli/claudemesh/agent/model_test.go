package agent_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/wire"
	"pgregory.net/rapid"
)

// model is the promise in plain words: which sessions each message was new to, who had it for good, and whom it was for.
type model struct {
	now     time.Time
	live    map[byte]agent.Traits
	batches map[uint64][]uint64 // what was in them
	letters map[uint64]*letter
}

type letter struct {
	direct    bool
	alone     byte // a direct one for one session; 0: anybody
	ours      bool // this device sent it
	by        byte // for this session, which never gets it; 0: the person
	nobodys   bool // it is for no session here
	witnesses map[byte]bool
	newTo     map[byte]int
	shown     int             // how often it was handed out
	taken     map[byte]bool   // by whom for good; of a topic, each session once
	holder    map[byte]uint64 // the last batch in which it was: of a witness's own, or under 0 of what is anybody's
	pushedTo  map[byte]int
}

// Whatever happens, in whatever order, with the daemon killed in between: a direct message is new once and taken once, a topic
// message is new once to a session, nothing is lent twice at once, nothing is lost.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := rows{}
		q, _, err := agent.Load(kept)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{now: noon, live: map[byte]agent.Traits{}, batches: map[uint64][]uint64{}, letters: map[uint64]*letter{}}
		var number, batch uint64
		lender := map[uint64]byte{} // batch → session
		until := map[uint64]time.Time{}
		// Four at once; one that ended does not come back, another takes its place.
		places := [4]byte{1, 2, 3, 4}
		session := rapid.Custom(func(t *rapid.T) byte { return places[rapid.IntRange(0, 3).Draw(t, "place")] })
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				s := session.Draw(t, "session")
				if s >= 200 {
					return
				}
				traits := agent.Traits{Push: rapid.Bool().Draw(t, "push"), Quiet: rapid.Bool().Draw(t, "quiet"), Active: m.now}
				q.Begin(id(s), traits)
				m.live[s] = traits
			},
			"end": func(t *rapid.T) {
				s := session.Draw(t, "session")
				q.End(id(s))
				delete(m.live, s)
				if s < 200 { // ids run out; the last ones stay away
					places[(s-1)%4] = s + 4
				}
				for _, l := range m.letters {
					if l.alone == s {
						l.alone = 0 // it is anybody's
					}
				}
				for b, by := range lender {
					if by == s {
						until[b] = time.Time{}
					}
				}
			},
			"arrive": func(t *rapid.T) {
				number++
				l := &letter{direct: rapid.Bool().Draw(t, "direct"), witnesses: map[byte]bool{}, newTo: map[byte]int{}, taken: map[byte]bool{}, holder: map[byte]uint64{}, pushedTo: map[byte]int{}}
				a := agent.Arrival{
					Number: number, ID: wire.MessageID{byte(number), byte(number >> 8)}, Direct: l.direct,
					Priority: wire.Priority(rapid.IntRange(0, 2).Draw(t, "priority")), Mention: rapid.Bool().Draw(t, "mention"),
				}
				if l.direct && rapid.Bool().Draw(t, "for one") {
					s := session.Draw(t, "for")
					a.Session = id(s)
					if _, lives := m.live[s]; lives {
						l.alone = s
					}
				}
				for s := range m.live {
					l.witnesses[s] = true
				}
				if l.ours = rapid.Bool().Draw(t, "own"); l.ours {
					a.Own = true
					if rapid.Bool().Draw(t, "of a session") {
						l.by = session.Draw(t, "by")
						a.By = id(l.by)
					}
					delete(l.witnesses, l.by)
					if l.alone == l.by {
						l.alone = 0
					}
				}
				q.Arrive([]agent.Arrival{a})
				m.letters[number] = l
				l.nobodys = l.ours && (l.direct && (a.Session.IsZero() || a.Session == a.By) || !l.direct && len(l.witnesses) == 0)
			},
			"push": func(t *rapid.T) {
				for _, p := range q.Pushes(m.now) {
					s := p.Session[0]
					l := m.letters[p.Number]
					if l.ours && (l.nobodys || l.by == s) {
						t.Fatalf("message %d of session %d is pushed to session %d", p.Number, l.by, s)
					}
					if traits, lives := m.live[s]; !lives || !traits.Push || traits.Quiet {
						t.Fatalf("pushed to session %d, which takes none", s)
					}
					if l.pushedTo[s]++; l.pushedTo[s] > 1 {
						t.Fatalf("message %d was pushed to session %d twice", p.Number, s)
					}
				}
			},
			"take": func(t *rapid.T) {
				s := session.Draw(t, "session")
				batch++
				want := agent.Want{Count: rapid.IntRange(0, 3).Draw(t, "count")}
				lent, _ := q.Take(m.now, id(s), want, batch)
				if _, lives := m.live[s]; !lives && len(lent) > 0 {
					t.Fatalf("session %d takes and does not live", s)
				}
				lender[batch], until[batch] = s, m.now.Add(agent.LoanTime)
				for _, one := range lent {
					m.lend(t, one, s, batch, until)
					m.batches[batch] = append(m.batches[batch], one.Number)
				}
			},
			"confirm": func(t *rapid.T) {
				b := rapid.Uint64Range(1, max(batch, 1)).Draw(t, "batch")
				q.Confirm(b)
				for _, n := range m.batches[b] {
					l := m.letters[n]
					if own := l.own(lender[b]); l.holder[own] != b || own != 0 && l.holder[0] != 0 {
						continue // it went to another since
					}
					l.taken[lender[b]] = true
				}
				delete(m.batches, b)
			},
			"return": func(t *rapid.T) {
				b := rapid.Uint64Range(1, max(batch, 1)).Draw(t, "batch")
				q.Return(b)
				until[b] = time.Time{}
			},
			"time": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 150).Draw(t, "seconds")) * time.Second)
			},
			"kill": func(t *rapid.T) {
				for _, row := range q.Changed() {
					if row.Value == nil {
						delete(kept, string(row.Key))
					} else {
						kept[string(row.Key)] = row.Value
					}
				}
				if q, _, err = agent.Load(kept); err != nil {
					t.Fatal(err)
				}
				for s, traits := range m.live {
					q.Begin(id(s), traits)
				}
				q.Settle()
				clear(until)
			},
		})
		m.everythingComes(t, q)
	})
}

// own is under what a session has a letter: as a witness, or as anybody.
func (l *letter) own(s byte) byte {
	if !l.direct && l.witnesses[s] {
		return s
	}
	return 0
}

// lend checks one message that is handed out.
func (m *model) lend(t *rapid.T, one agent.Lent, s byte, batch uint64, until map[uint64]time.Time) {
	l := m.letters[one.Number]
	if l.ours && (l.nobodys || l.by == s || !l.direct && !l.witnesses[s]) {
		t.Fatalf("message %d of session %d is handed to session %d", one.Number, l.by, s)
	}
	if l.direct {
		if len(l.taken) > 0 {
			t.Fatalf("message %d was taken, and session %d gets it", one.Number, s)
		}
		if _, lives := m.live[l.alone]; lives && l.alone != s {
			t.Fatalf("message %d is for session %d, and session %d gets it", one.Number, l.alone, s)
		}
	} else if l.taken[s] {
		t.Fatalf("session %d took message %d, and gets it again", s, one.Number)
	}
	if own := l.own(s); m.now.Before(until[l.holder[own]]) {
		t.Fatalf("message %d is lent, and session %d gets it", one.Number, s)
	} else {
		l.holder[own] = batch
	}
	if one.Seen == "" {
		if l.newTo[s]++; l.newTo[s] > 1 || l.direct && len(l.newTo) > 1 {
			t.Fatalf("message %d was new to %v", one.Number, l.newTo)
		}
		if l.pushedTo[s] > 0 {
			t.Fatalf("message %d was pushed to session %d, and is new to it", one.Number, s)
		}
	}
	l.shown++
}

// everythingComes lets all loans end: each message that nobody took for good comes to somebody.
func (m *model) everythingComes(t *rapid.T, q *agent.Queue) {
	m.now = m.now.Add(time.Hour)
	q.Begin(id(255), agent.Traits{})
	m.live[255] = agent.Traits{}
	got := map[uint64][]byte{}
	for s := range m.live {
		lent, more := q.Take(m.now, id(s), agent.Want{}, 1<<40+uint64(s))
		if more != 0 {
			t.Fatalf("%d are kept from session %d", more, s)
		}
		for _, one := range lent {
			got[one.Number] = append(got[one.Number], s)
		}
	}
	for n, l := range m.letters {
		what := fmt.Sprintf("message %d (direct %t, taken by %v, lived %v)", n, l.direct, l.taken, l.witnesses)
		switch {
		case l.nobodys && len(got[n]) != 0, l.ours && slices.Contains(got[n], l.by):
			t.Fatalf("%s came to %v", what, got[n])
		case l.nobodys:
		case l.ours && !l.direct: // for those alone that lived when it came
			for s := range l.witnesses {
				if _, lives := m.live[s]; lives && !l.taken[s] && !slices.Contains(got[n], s) {
					t.Fatalf("%s is lost to session %d", what, s)
				}
			}
		case l.direct && len(l.taken) == 0 && len(got[n]) != 1:
			t.Fatalf("%s came to %v", what, got[n])
		case l.direct && len(l.taken) > 0 && len(got[n]) != 0:
			t.Fatalf("%s came again to %v", what, got[n])
		case !l.direct && len(l.taken) == 0 && len(got[n]) == 0:
			t.Fatalf("%s is lost", what)
		}
		for s := range m.live {
			if l.taken[s] && slices.Contains(got[n], s) {
				t.Fatalf("%s came to session %d again", what, s)
			}
		}
	}
}
