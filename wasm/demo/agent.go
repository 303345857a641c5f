package demo

import (
	"context"
	"time"

	"claudemesh.com/mesh/shared/peer"
)

// Mesh is what an agent needs of its driver.
type Mesh interface {
	Mesh() peer.MeshView
	Messages(ctx context.Context, conversation peer.ConversationID, before uint64, limit int) ([]peer.MessageView, error)
	Send(ctx context.Context, draft peer.Draft) (peer.MessageView, error)
	MarkRead(ctx context.Context, conversation peer.ConversationID) error
	SetCard(ctx context.Context, card peer.Card) error
	Subscribe(listener func(peer.Event)) (cancel func())
}

// maxAnswers bounds what an agent says beside the script while it runs, and maxWaiting the messages that it keeps in mind.
const (
	maxAnswers = 200
	maxWaiting = 32
)

// Agent is one demo agent in its mesh.
type Agent struct {
	mesh   Mesh
	name   string
	heard  chan peer.Event
	cancel func()
	card   peer.Card
	// next is the line of the script that was not said yet, as far as #general shows; due tells that it is time to say it.
	next    int
	due     <-chan time.Time
	answers int
	// began is when the status began that the script gives; 0: now.
	began int64
	question
	duty
}

// New makes the agent of a name listen. Run has to follow.
func New(mesh Mesh, name string) *Agent {
	a := &Agent{mesh: mesh, name: name, heard: make(chan peer.Event, maxWaiting), card: Card(name)}
	a.cancel = mesh.Subscribe(func(event peer.Event) {
		select {
		case a.heard <- event:
		default: // so many at once nobody would answer either
		}
	})
	return a
}

// Run is the agent's work, until ctx ends.
func (a *Agent) Run(ctx context.Context) {
	defer a.cancel()
	a.catchUp(ctx)
	for ctx.Err() == nil {
		a.plan()
		a.wonder()
		select {
		case event := <-a.heard:
			if event.Kind == peer.EventMessage && event.IsNew {
				a.hear(ctx, *event.Message)
			}
		case <-a.due:
			a.speak(ctx)
		case <-a.wondering:
			a.ask(ctx)
		case <-a.turn:
			a.goOn(ctx)
		case <-ctx.Done():
		}
	}
}
