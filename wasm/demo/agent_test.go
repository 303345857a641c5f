package demo

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

var general = peer.TopicConversation(wire.GeneralTopic(meshID))

// work runs an agent until stop is called.
func work(s *seat, name string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	agent := New(s, name)
	go func() {
		defer close(ended)
		agent.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// whole is longer than the script takes.
const whole = 10 * time.Minute

func lines() (texts []string) {
	for _, l := range script {
		texts = append(texts, l.text)
	}
	return texts
}

func TestTheScriptIsPlayedOnceAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		ninasSeat, ottosSeat := r.join(nina, peer.KindAgent), r.join(otto, peer.KindAgent)
		defer work(ottosSeat, otto)()
		defer work(ninasSeat, nina)()
		time.Sleep(whole)
		if got := r.texts(); !slices.Equal(got, lines()) {
			t.Errorf("they said %q", got)
		}
		if last := ninasSeat.card(); last.Status != peer.StatusNeedsApproval || last.Kind != peer.KindAgent || !slices.Contains(last.Tags, "demo") {
			t.Errorf("in the end Nina's card says %+v", last)
		}
	})
}

func TestAnAgentWaitsForItsColleague(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		ada := r.join("Ada", peer.KindPerson)
		defer work(r.join(nina, peer.KindAgent), nina)()
		time.Sleep(whole)
		if got := r.texts(); len(got) != 0 {
			t.Errorf("alone, Nina said %q", got)
		}
		defer work(r.join(otto, peer.KindAgent), otto)()
		ada.say(t, general, "Welcome, both.")
		time.Sleep(whole)
		if got := r.messages()[1:]; len(got) != len(script)+1 || countAsks(got) != 1 {
			t.Errorf("together they said %d lines and asked %d questions, want %d and one", len(got), countAsks(got), len(script))
		}
	})
}

func TestTheScriptGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		a, b := r.join(nina, peer.KindAgent), r.join(otto, peer.KindAgent)
		for range len(script) {
			stopA, stopB := work(a, nina), work(b, otto)
			before := len(r.texts())
			for len(r.texts()) == before && before < len(script) {
				time.Sleep(time.Second)
			}
			stopA()
			stopB()
		}
		defer work(a, nina)()
		defer work(b, otto)()
		time.Sleep(whole)
		if got := r.texts(); !slices.Equal(got, lines()) {
			t.Errorf("with a restart after every line they said %q", got)
		}
	})
}

func TestNewAgentsBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		for range 2 {
			a, b := r.join(nina, peer.KindAgent), r.join(otto, peer.KindAgent)
			stopA, stopB := work(a, nina), work(b, otto)
			time.Sleep(whole)
			stopA()
			stopB()
			r.leave(a)
			r.leave(b)
		}
		if got := r.texts(); !slices.Equal(got, append(lines(), lines()...)) {
			t.Errorf("two generations of agents said %q", got)
		}
	})
}

func TestALineThatCannotBeSentIsSaidLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.broken = true
		defer work(r.join(otto, peer.KindAgent), otto)()
		defer work(r.join(nina, peer.KindAgent), nina)()
		time.Sleep(whole)
		r.mu.Lock()
		r.broken = false
		r.mu.Unlock()
		time.Sleep(whole)
		if got := r.texts(); !slices.Equal(got, lines()) {
			t.Errorf("they said %q", got)
		}
	})
}

func TestWhoIsAnswered(t *testing.T) {
	type sentence struct {
		kind   peer.Kind
		direct bool
		text   string
	}
	for name, c := range map[string]struct {
		sentence
		answers int
	}{
		"a direct message":              {sentence{peer.KindPerson, true, "hello"}, 1},
		"a mention":                     {sentence{peer.KindPerson, false, "@Nina what are you doing?"}, 1},
		"a message to all":              {sentence{peer.KindPerson, false, "what is everybody doing?"}, 0},
		"a direct message of an agent":  {sentence{peer.KindAgent, true, "hello"}, 0},
		"an agent's mention":            {sentence{peer.KindAgent, false, "@Nina hello"}, 0},
		"a connector's direct message":  {sentence{peer.KindConnector, true, "hello"}, 1},
		"a line of the script, by Ada":  {sentence{peer.KindPerson, false, script[0].text}, 0},
		"a line of the script, to Nina": {sentence{peer.KindPerson, true, script[1].text}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoom()
				other, seat := r.join("Ada", c.kind), r.join(nina, peer.KindAgent)
				defer work(seat, nina)()
				synctest.Wait()
				conversation := general
				if c.direct {
					conversation = peer.DirectConversation(other.self, seat.self)
				}
				other.say(t, conversation, c.text)
				synctest.Wait()
				if n := len(r.texts()); n != 1 {
					t.Errorf("the answer came without a moment's thought: %q", r.texts())
				}
				time.Sleep(time.Minute)
				asked, got := r.messages()[0], r.messages()[1:]
				if len(got) != c.answers {
					t.Fatalf("there were %d answers, want %d: %q", len(got), c.answers, r.texts())
				}
				if c.answers == 0 {
					return
				}
				if got[0].From != seat.self || (got[0].ReplyTo == asked.ID) == c.direct || got[0].Topic != asked.Topic {
					t.Errorf("the answer is %+v", got[0])
				}
				if n := seat.reads(); n != 1 {
					t.Errorf("what was answered was marked as read %d times", n)
				}
			})
		})
	}
}

func TestWhatCameMeanwhileIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		ada, seat := r.join("Ada", peer.KindPerson), r.join(nina, peer.KindAgent)
		ada.say(t, peer.DirectConversation(ada.self, seat.self), "Are you there?")
		for range 2 {
			stop := work(seat, nina)
			time.Sleep(time.Minute)
			stop()
		}
		if got := r.texts(); len(got) != 2 {
			t.Errorf("after two starts they said %q, want one answer", got)
		}
	})
}

func TestAnswersAreHonest(t *testing.T) {
	card := cardAt(nina, 1)
	for _, text := range []string{"status?", "hello", "hi", "help", "who are you?", "approve it", "what is 2 + 2?", "deploy to production"} {
		if got := answer(text, card); !strings.Contains(got, "demo agent") && text != "hello" && text != "hi" {
			t.Errorf("%q is answered %q, which does not say what it comes from", text, got)
		}
	}
	if got := answer("What are you working on?", card); !strings.Contains(got, card.Summary) {
		t.Errorf("asked for the status, it says %q", got)
	}
}

func countAsks(messages []peer.MessageView) (n int) {
	for _, m := range messages {
		if m.Type == "ask" {
			n++
		}
	}
	return n
}

func TestTheQuestionIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.join("Backend", peer.KindAgent)
		ada := r.join("Ada", peer.KindPerson)
		r.join("Bo", peer.KindPerson)
		a, b := r.join(nina, peer.KindAgent), r.join(otto, peer.KindAgent)
		var question peer.MessageView
		for range 3 { // after each start again
			stopA, stopB := work(a, nina), work(b, otto)
			time.Sleep(whole)
			stopA()
			stopB()
			if n := countAsks(r.messages()); n != 1 {
				t.Fatalf("there were %d questions", n)
			}
		}
		for _, m := range r.messages() {
			if m.Type == "ask" {
				question = m
			}
		}
		direct := peer.DirectConversation(ada.self, b.self)
		if question.From != b.self || !slices.Equal(question.To, []wire.MemberID{ada.self}) {
			t.Errorf("the question is %+v", question)
		}
		defer work(b, otto)()
		synctest.Wait()
		var got []string
		for _, text := range []string{"Yes, all of them.", "Thank you."} {
			ada.say(t, direct, text)
			time.Sleep(time.Minute)
			got = append(got, r.texts()[len(r.texts())-1])
		}
		if got[0] != thanks || got[1] == thanks {
			t.Errorf("the answer and what came after it are answered by %q", got)
		}
	})
}

func TestApprovalIsNeededAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		ada, seat := r.join("Ada", peer.KindPerson), r.join(nina, peer.KindAgent)
		defer work(r.join(otto, peer.KindAgent), otto)()
		defer work(seat, nina)()
		time.Sleep(whole)
		direct := peer.DirectConversation(ada.self, seat.self)
		for round := range 3 {
			if card := seat.card(); card.Status != peer.StatusNeedsApproval || card.Summary != wishes[round%len(wishes)].waits {
				t.Fatalf("in round %d the card says %s, %q", round, card.Status, card.Summary)
			}
			ada.say(t, direct, "Not yet.")
			time.Sleep(whole)
			if card := seat.card(); card.Status != peer.StatusNeedsApproval {
				t.Errorf("without approval the card says %s, %q", card.Status, card.Summary)
			}
			ada.say(t, direct, "Go ahead.")
			time.Sleep(workTime)
			if card := seat.card(); card.Status != peer.StatusWorking {
				t.Errorf("approved, the card says %s, %q", card.Status, card.Summary)
			}
			time.Sleep(restTime)
			if card := seat.card(); card.Status != peer.StatusIdle {
				t.Errorf("when it is done the card says %s, %q", card.Status, card.Summary)
			}
			time.Sleep(restTime)
		}
	})
}
