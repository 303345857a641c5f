package demo

import (
	"context"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// What the agents want of a person, so that one who is alone sees how it is to be waited for.

// asker asks the person one thing, directly, behind some lines of the script.
const (
	asker  = otto
	behind = 6
	asks   = "Shall search also look through archived orders? It would make it a little slower."
	thanks = "Thank you, that settles it. It is a scripted question: I am a demo agent, and nothing is changed."
)

// question is what the asker knows of its question.
type question struct {
	asked     bool
	open      bool // it was asked and not answered
	wondering <-chan time.Time
}

// person is the member whom an agent asks: the first that was here, of those who are no agents.
func (a *Agent) person() (member wire.MemberID, here bool) {
	var since int64
	for _, m := range a.mesh.Mesh().Members {
		if m.IsSelf || m.Kind != peer.KindPerson || slices.Contains(Names[:], m.Name) || here && m.JoinedAt >= since {
			continue
		}
		member, here, since = m.Member, true, m.JoinedAt
	}
	return member, here
}

// recall finds out whether the question was asked, and answered: an agent says something to whoever writes to it. An error means
// that nobody knows.
func (a *Agent) recall(ctx context.Context) error {
	person, here := a.person()
	if a.name != asker || !here {
		return nil
	}
	self := a.mesh.Mesh().Member
	messages, err := a.mesh.Messages(ctx, peer.DirectConversation(self, person), 0, page)
	for _, m := range messages {
		if m.From == self {
			a.open = m.Text == asks
			a.asked = a.asked || a.open
		}
	}
	return err
}

// wonder sets the time of the question, once there is somebody to ask.
func (a *Agent) wonder() {
	if a.wondering != nil || a.asked || a.name != asker || a.next < behind {
		return
	}
	if _, here := a.person(); here {
		a.wondering = time.After(glance + typing(asks))
	}
}

// ask puts the question, unless that was done; one that cannot be sent is tried again as late.
func (a *Agent) ask(ctx context.Context) {
	a.wondering = nil
	err := a.recall(ctx) // once more: who is a person may not have been known at the start
	person, here := a.person()
	if err != nil || !here || a.asked {
		return
	}
	conversation := peer.DirectConversation(a.mesh.Mesh().Member, person)
	if _, err := a.mesh.Send(ctx, peer.Draft{Conversation: conversation, Text: asks, Type: "ask"}); err == nil {
		a.asked, a.open = true, true
	}
}

// answersQuestion reports whether a message is the answer to the question, which is open no more.
func (a *Agent) answersQuestion(m peer.MessageView) bool {
	person, here := a.person()
	answered := a.open && here && m.From == person && m.Topic.IsZero()
	a.open = a.open && !answered
	return answered
}

// duty is what an agent does that was allowed to go on: it works, rests, and needs approval for the next thing.
type duty struct {
	turn <-chan time.Time
	then []peer.Card
}

// How long the work takes that was approved, and the rest after it.
const (
	workTime = 20 * time.Second
	restTime = 3 * time.Minute
)

// wishes are for what an agent needs approval, one after another, and what it is doing then. The first is the script's last.
var wishes = [...]struct{ waits, works string }{
	{"Waiting for approval to merge", "Merging the cart's read"},
	{"Waiting for approval to deploy to staging", "Deploying to staging"},
}

// allowed lets an agent go on that needs approval, where a message gives it.
func (a *Agent) allowed(ctx context.Context, m peer.MessageView) {
	if a.card.Status != peer.StatusNeedsApproval || !says(m.Text, consent[:]...) {
		return
	}
	at := slices.IndexFunc(wishes[:], func(w struct{ waits, works string }) bool { return w.waits == a.card.Summary })
	if at < 0 {
		return
	}
	a.then = []peer.Card{
		cardOf(a.name, peer.StatusIdle, "Watching whether all stays well"),
		cardOf(a.name, peer.StatusNeedsApproval, wishes[(at+1)%len(wishes)].waits),
	}
	a.turn = time.After(workTime)
	a.show(ctx, cardOf(a.name, peer.StatusWorking, wishes[at].works))
}

// goOn shows what comes next.
func (a *Agent) goOn(ctx context.Context) {
	a.turn = nil
	if len(a.then) == 0 {
		return
	}
	a.show(ctx, a.then[0])
	if a.then = a.then[1:]; len(a.then) > 0 {
		a.turn = time.After(restTime)
	}
}
