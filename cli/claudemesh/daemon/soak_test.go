//go:build unix

package daemon_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

var (
	soakTime     = flag.Duration("soak", 4*time.Second, "how long TestSoak lets sessions come and go")
	soakSessions = flag.Int("soak-sessions", 6, "how many at once")
)

// life is one agent's program in the soak, from its start to its end.
type life struct {
	session wire.SessionID
	words   []word
	// shownAt is when Ada saw the session, with how many topic messages she had sent by then; -1: never.
	shownAt int
	// survived says that the program was there to the end and took all that it could.
	survived bool
}

// soak is what was sent and what became of it.
type soak struct {
	t   *testing.T
	ada *device.Device
	m   *machine

	mu      sync.Mutex
	lives   []life
	directs map[wire.MessageID]bool
	topics  []wire.MessageID // in the order in which they were sent
	next    uint32
	// streamed is closed when nothing more is sent.
	streamed chan struct{}
}

// Sessions of real programs start and die, some by SIGKILL, and the daemon dies once, while messages stream in: in the end no
// session is left over in another peer's view, no direct message was new twice or missed, each topic message came to every
// session that lived through it and was new to none twice, and Ada knows that all was read.
func TestSoak(t *testing.T) {
	_, ada, m := world(t)
	s := &soak{t: t, ada: ada, m: m, directs: map[wire.MessageID]bool{}, streamed: make(chan struct{})}
	c := m.client()
	over := time.Now().Add(*soakTime)
	var slots sync.WaitGroup
	for i := range *soakSessions {
		slots.Go(func() { s.slot(over, i < 2) })
	}
	slots.Go(func() { s.stream(over) })
	slots.Go(func() {
		timer := time.NewTimer(*soakTime / 2)
		defer timer.Stop()
		<-timer.C
		m.kill(c)
	})
	slots.Wait()
	if t.Failed() {
		return
	}
	s.rest()
	until(t, "no session left over", func() bool { return len(sessions(ada)) == 0 })
	s.judge()
}

// slot runs one program after another until the time is over; the one of a lasting slot stays and takes what is left.
func (s *soak) slot(over time.Time, lasting bool) {
	for time.Now().Before(over) && !s.t.Failed() {
		one := s.newAgent()
		p := s.m.agent(one, true)
		p.awaitReady()
		l := life{session: one.Session, shownAt: -1}
		lives := time.Duration(200+rand.IntN(4000)) * time.Millisecond
		if lasting {
			sees(s.t, s.ada, one.Session)
			s.mu.Lock()
			l.shownAt = len(s.topics)
			s.mu.Unlock()
			lives = time.Until(over)
		}
		timer := time.NewTimer(min(lives, time.Until(over)))
		<-timer.C
		switch {
		case lasting:
			s.drained(p, one.Session)
			p.end()
			l.survived = true
		case rand.IntN(2) == 0:
			p.kill()
		default:
			p.end()
		}
		l.words = p.said()
		s.mu.Lock()
		s.lives = append(s.lives, l)
		s.mu.Unlock()
	}
}

func (s *soak) newAgent() daemon.Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return daemon.Agent{
		Session: wire.SessionID{1, byte(s.next >> 16), byte(s.next >> 8), byte(s.next)}, Kind: peer.KindAgent, Client: fmt.Sprint("soak ", s.next),
	}
}

// drained waits until the stream has ended and a session has taken what is due to it.
func (s *soak) drained(p *agentProcess, session wire.SessionID) {
	<-s.streamed
	if len(s.topics) > 0 {
		last := s.topics[len(s.topics)-1]
		until(s.t, "the last message in the topic to reach a session", func() bool {
			return slices.ContainsFunc(p.said(), func(w word) bool {
				return slices.ContainsFunc(w.Taken, func(m daemon.Message) bool { return m.ID == last })
			})
		})
	}
	c := s.m.client()
	until(s.t, "a session to have taken all", func() bool {
		card, err := c.Change(limit(s.t), daemon.Change{Caller: daemon.Caller{Session: session}})
		return err == nil && card.Waiting == 0
	})
}

// stream sends direct messages, some of them to one session, and messages in #general.
func (s *soak) stream(over time.Time) {
	defer close(s.streamed)
	pause := time.NewTicker(30 * time.Millisecond)
	defer pause.Stop()
	for n := 0; time.Now().Before(over) && !s.t.Failed(); n++ {
		switch n % 3 {
		case 0:
			s.mu.Lock() // who is seen to live between sending and noting would be said to have lived through it
			sent, err := s.ada.Send(limit(s.t), peer.Draft{Target: "#general", Text: fmt.Sprint("topic ", n), Priority: wire.PriorityNext})
			s.topics = append(s.topics, sent.ID)
			s.mu.Unlock()
			if err != nil {
				s.t.Error(err)
				return
			}
		default:
			draft := peer.Draft{Text: fmt.Sprint("direct ", n)}
			if n%3 == 2 {
				for id := range sessions(s.ada) {
					draft.Session = id
					break
				}
			}
			sent := send(s.t, s.ada, draft)
			s.mu.Lock()
			s.directs[sent.ID] = true
			s.mu.Unlock()
		}
		<-pause.C
	}
	if err := s.ada.Flush(limit(s.t)); err != nil {
		s.t.Error(err)
	}
}

// rest lets one more session take what the others left.
func (s *soak) rest() {
	c := s.m.client()
	one := s.newAgent()
	a := attach(s.t, c, one)
	l := life{session: one.Session, shownAt: -1}
	for id := range s.directs {
		until(s.t, "a message to reach the machine", func() bool {
			_, _, err := c.Message(limit(s.t), id.String())
			return err == nil
		})
	}
	until(s.t, "everything to be taken and read", func() bool {
		b, err := c.Take(limit(s.t), daemon.Take{Caller: daemon.Caller{Session: one.Session}})
		if err != nil {
			s.t.Fatal(err)
		}
		confirm(s.t, c, b)
		l.words = append(l.words, word{Taken: b.Messages}, word{Confirmed: true})
		for id := range s.directs {
			message, err := s.ada.Message(s.t.Context(), id)
			if err != nil || message.State != peer.Read {
				return false
			}
		}
		return true
	})
	s.lives = append(s.lives, l)
	a.Close()
}

// judge counts.
func (s *soak) judge() {
	fresh, seen := map[wire.MessageID]int{}, map[wire.MessageID]int{}
	for _, l := range s.lives {
		own, unsure := map[wire.MessageID]int{}, map[wire.MessageID]bool{}
		for _, w := range l.words {
			for _, m := range w.Taken {
				seen[m.ID]++
				if m.Seen == "" {
					fresh[m.ID]++
					own[m.ID]++
				}
				// The daemon was killed with its answer under way.
				unsure[m.ID] = unsure[m.ID] || m.Seen == daemon.SeenUnconfirmed
			}
		}
		for id, count := range own {
			if count > 1 {
				s.t.Errorf("session %s was shown %s as new %d times", l.session, id, count)
			}
		}
		if l.survived {
			for _, id := range s.topics[l.shownAt:] {
				if own[id] == 0 && !unsure[id] {
					s.t.Errorf("session %s lived through the topic message %s and was not shown it", l.session, id)
				}
			}
		}
	}
	for id := range s.directs {
		switch {
		case fresh[id] > 1:
			s.t.Errorf("the direct message %s was new %d times", id, fresh[id])
		case seen[id] == 0:
			s.t.Errorf("nobody was shown the direct message %s", id)
		}
	}
	for _, id := range s.topics {
		if seen[id] == 0 {
			s.t.Errorf("nobody was shown the topic message %s", id)
		}
	}
	s.t.Logf("%d programs, %d direct messages, %d in a topic", len(s.lives), len(s.directs), len(s.topics))
}
