package daemon

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// arrivalPage is how many messages are read from the device's log at once.
const arrivalPage = 100

// take moves what arrives from the device's log into the queue. Once it has what the relay had at first, or it is known that the
// relay is not reached, begun is closed.
func (m *mesh) take(ctx context.Context) {
	begin := sync.OnceFunc(func() { close(m.begun) })
	defer begin()
	m.takeAll(ctx)
	_ = m.device.Live(ctx) // at most for device.Patience
	m.look()
	m.takeAll(ctx)
	begin()
	for poke(m.arrived); ; {
		select {
		case <-m.arrived:
		case <-ctx.Done():
			return
		}
		m.takeAll(ctx)
	}
}

func (m *mesh) takeAll(ctx context.Context) {
	for more := true; more; {
		var err error
		if more, err = m.takePage(ctx); err != nil && ctx.Err() == nil {
			m.server.config.Log("what arrived could not be read: " + err.Error())
		}
	}
}

func (m *mesh) takePage(ctx context.Context) (more bool, err error) {
	m.server.mu.Lock()
	mark := m.queue.Mark()
	m.server.mu.Unlock()
	messages, err := m.device.Log(ctx, mark, arrivalPage)
	if err != nil || len(messages) == 0 {
		return false, err
	}
	view := m.view.Load()
	var arrivals []agent.Arrival
	for i := range messages {
		if message := &messages[i]; handed(view, message) {
			arrivals = append(arrivals, m.arrival(ctx, view, message))
		}
	}
	m.server.mu.Lock()
	m.queue.Arrive(arrivals)
	m.queue.SetMark(messages[len(messages)-1].Arrival)
	m.post(m.queue.Pushes(time.Now()))
	m.server.mu.Unlock()
	m.rows.durable()
	return true, nil
}

// handed reports whether a message of the log is for sessions: what others sent, and what this device sent to a topic or to its own
// member, be the relay reached or not. The queue decides for which. What another own device sent is for sessions there.
func handed(view *peer.MeshView, message *peer.MessageView) bool {
	switch {
	case message.History || message.Gap:
		return false
	case message.FromDevice == view.Device:
		return message.State != peer.Failed && (!message.Topic.IsZero() || slices.Contains(message.To, view.Member))
	}
	return message.State == peer.Received
}

// arrival is what the queue needs to know of a message.
func (m *mesh) arrival(ctx context.Context, view *peer.MeshView, message *peer.MessageView) agent.Arrival {
	a := agent.Arrival{
		Number: message.Arrival, ID: message.ID, From: message.From, Direct: message.Topic.IsZero(), Priority: message.Priority,
		Mention: slices.Contains(message.Mentions, view.Member), Session: message.Session,
		Content: bodyOf(m.messageOf(view, message)), Size: len(message.Text),
	}
	if message.FromDevice == view.Device {
		a.Own, a.By = true, message.FromSession
	}
	if a.Direct && !a.Session.IsZero() {
		a.Elsewhere = elsewhere(view, a.Session)
	}
	if a.Direct && !a.Own && !message.ReplyTo.IsZero() {
		if question, err := m.device.Message(ctx, message.ReplyTo); err == nil && question.From == view.Member {
			a.Answers = question.FromSession
		}
	}
	return a
}

// elsewhere reports whether a session of the own member lives on another device.
func elsewhere(view *peer.MeshView, session wire.SessionID) bool {
	for i := range view.Members {
		if !view.Members[i].IsSelf {
			continue // ids are made by devices: another member's session may have this one too
		}
		for _, s := range view.Members[i].Sessions {
			if s.Session == session && s.Device != view.Device && s.State != peer.Offline {
				return true
			}
		}
	}
	return false
}

// messageOf is a message as agents get it.
func (m *mesh) messageOf(view *peer.MeshView, message *peer.MessageView) *Message {
	out := &Message{
		ID: message.ID, Mesh: view.Mesh, MeshName: oneLine(view.Name), From: message.From, FromName: oneLine(message.FromName),
		FromSession: message.FromSession, Type: oneLine(message.Type), Text: message.Text, Priority: message.Priority,
		ReplyTo: message.ReplyTo, SentAt: message.SentAt, ReceivedAt: message.ReceivedAt,
		Mentioned: !message.Topic.IsZero() && slices.Contains(message.Mentions, view.Member), Here: message.FromDevice == view.Device,
	}
	if out.Type == "" {
		out.Type = "text"
	}
	for i := range view.Members {
		if view.Members[i].Member == message.From {
			out.FromKind = view.Members[i].Kind
		}
	}
	if !message.Topic.IsZero() {
		out.Topic = topicName(view, message.Topic)
		return out
	}
	for _, to := range message.To {
		if to != view.Member && to != message.From {
			out.Others = append(out.Others, memberName(view, to))
		}
	}
	return out
}

// content reads a message that the queue lent or pushes; nil: it is gone meanwhile.
func (m *mesh) content(n uint64, seen agent.Seen) *Message {
	text, err := m.rows.rows.Get(agent.ContentKey(n))
	if err != nil || text == nil {
		return nil
	}
	message := &Message{}
	if err := json.Unmarshal(text, message); err != nil {
		return nil
	}
	message.Seen = Seen(seen)
	return message
}

// push sends pushes to the attachments of their sessions, once it is stored that they were pushed.
func (m *mesh) push(ctx context.Context) {
	for {
		select {
		case <-m.pushing:
		case <-ctx.Done():
			return
		}
		m.server.mu.Lock()
		waiting := m.pushes
		m.pushes = nil
		m.server.mu.Unlock()
		for _, p := range waiting {
			if m.rows.wait(p.number) != nil {
				continue // the queue was put back: they are pushed anew
			}
			for _, one := range p.list {
				if message := m.content(one.Number, one.Seen); message != nil {
					m.server.deliver(one.Session, message)
				}
			}
		}
	}
}
