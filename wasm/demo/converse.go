package demo

import (
	"context"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Times of someone who reads, thinks and types.
const (
	glance    = 1500 * time.Millisecond
	perLetter = 25 * time.Millisecond
	longest   = 8 * time.Second
	// breath is what passes between two lines of the script besides.
	breath = 4 * time.Second
)

func typing(text string) time.Duration {
	return min(time.Duration(len(text))*perLetter, longest)
}

// page is how much of #general is looked at for where the script is; it is longer than the script by what people say between.
const page = 200

func (a *Agent) general() peer.ConversationID {
	return peer.TopicConversation(wire.GeneralTopic(a.mesh.Mesh().Mesh))
}

// catchUp finds the agent's place in the script, and answers what was left without an answer when it last ran.
func (a *Agent) catchUp(ctx context.Context) {
	messages, _ := a.mesh.Messages(ctx, a.general(), 0, page)
	for _, m := range messages {
		a.follow(m)
	}
	if a.next > 0 {
		card := cardAt(a.name, a.next)
		card.StatusSince = a.began
		a.show(ctx, card)
	}
	_ = a.recall(ctx) // asked once more before the question is put
	for _, direct := range a.mesh.Mesh().Directs {
		if direct.Unread == 0 {
			continue
		}
		last, _ := a.mesh.Messages(ctx, direct.Conversation, 0, 1)
		for _, m := range last {
			a.hear(ctx, m)
		}
	}
}

// colleague is the other demo agent, the latest of that name, or nobody.
func (a *Agent) colleague() (member wire.MemberID, here bool) {
	var since int64
	for _, m := range a.mesh.Mesh().Members {
		if !m.IsSelf && slices.Contains(Names[:], m.Name) && m.Name != a.name && m.JoinedAt >= since {
			member, here, since = m.Member, true, m.JoinedAt
		}
	}
	return member, here
}

// follow moves on in the script where a message is a line of it, and says whether it is.
func (a *Agent) follow(m peer.MessageView) bool {
	if m.Conversation != a.general() || m.Gap {
		return false
	}
	speaker := a.name
	if m.From != a.mesh.Mesh().Member {
		other, here := a.colleague()
		if !here || m.From != other {
			return false
		}
		speaker = m.FromName
	}
	at := slices.IndexFunc(script[:], func(l line) bool { return l.speaker == speaker && l.text == m.Text })
	if at < 0 {
		return false
	}
	if at >= a.next {
		if cardAt(a.name, at+1).Status != cardAt(a.name, a.next).Status {
			a.began = m.SentAt
		}
		a.next, a.due = at+1, nil
	}
	return true
}

// plan sets the time of the agent's next line, once it is its turn and the other is there to hear it.
func (a *Agent) plan() {
	if a.due != nil || a.next == len(script) || script[a.next].speaker != a.name {
		return
	}
	if _, here := a.colleague(); here {
		a.due = time.After(breath + glance + typing(script[a.next].text))
	}
}

// speak says the line whose time has come. One that cannot be sent is tried again as late.
func (a *Agent) speak(ctx context.Context) {
	a.due = nil
	l := script[a.next]
	if _, err := a.mesh.Send(ctx, peer.Draft{Conversation: a.general(), Text: l.text}); err != nil {
		return
	}
	a.next++
	if l.summary != "" {
		a.show(ctx, cardAt(a.name, a.next))
	}
}

// hear answers a message that is meant for this agent and comes from no other agent.
func (a *Agent) hear(ctx context.Context, m peer.MessageView) {
	if a.follow(m) || m.State != peer.Received || m.Gap || m.History || a.answers == maxAnswers || a.isAgent(m.From) {
		return
	}
	inTopic := !m.Topic.IsZero()
	if inTopic && !slices.Contains(m.Mentions, a.mesh.Mesh().Member) {
		return
	}
	a.answers++
	if !pause(ctx, glance) || a.mesh.MarkRead(ctx, m.Conversation) != nil {
		return
	}
	text := a.reply(m)
	if !pause(ctx, typing(text)) {
		return
	}
	draft := peer.Draft{Conversation: m.Conversation, Text: text}
	if inTopic {
		draft.ReplyTo = m.ID
	}
	// What is not taken into the outbox has no way out of it; the person writes again.
	_, _ = a.mesh.Send(ctx, draft)
	a.allowed(ctx, m)
}

// reply is what the agent says to a message.
func (a *Agent) reply(m peer.MessageView) string {
	if a.answersQuestion(m) {
		return thanks
	}
	return answer(m.Text, a.card)
}

func (a *Agent) isAgent(member wire.MemberID) bool {
	return slices.ContainsFunc(a.mesh.Mesh().Members, func(m peer.MemberView) bool {
		return m.Member == member && m.Kind == peer.KindAgent
	})
}

// show replaces the agent's card; one that is not taken is replaced by the next.
func (a *Agent) show(ctx context.Context, card peer.Card) {
	a.card = card
	_ = a.mesh.SetCard(ctx, card)
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
