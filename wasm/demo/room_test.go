package demo

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// room is a mesh without a relay: what one says, all others hear at once.
type room struct {
	mu      sync.Mutex
	members []peer.MemberView
	seats   map[wire.MemberID]*seat
	said    []peer.MessageView
	joined  byte
	broken  bool
}

// seat is a member's place in the room; it is what an agent has for a driver.
type seat struct {
	*room
	self      wire.MemberID
	listeners []func(peer.Event)
	cards     []peer.Card
	read      []peer.ConversationID
}

var meshID = wire.MeshID{7}

func newRoom() *room { return &room{seats: map[wire.MemberID]*seat{}} }

func (r *room) join(name string, kind peer.Kind) *seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joined++
	id := wire.MemberID{r.joined}
	s := &seat{room: r, self: id}
	r.seats[id] = s
	r.members = append(r.members, peer.MemberView{Member: id, Name: name, Kind: kind, JoinedAt: int64(r.joined)})
	return s
}

func (r *room) leave(s *seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = slices.DeleteFunc(r.members, func(m peer.MemberView) bool { return m.Member == s.self })
	delete(r.seats, s.self)
}

func (s *seat) Mesh() peer.MeshView {
	s.mu.Lock()
	defer s.mu.Unlock()
	view := peer.MeshView{Mesh: meshID, Member: s.self, Members: slices.Clone(s.members)}
	for i := range view.Members {
		view.Members[i].IsSelf = view.Members[i].Member == s.self
	}
	unread := map[wire.MemberID]bool{}
	for _, m := range s.said {
		if m.Topic.IsZero() && slices.Contains(m.To, s.self) && !slices.Contains(s.read, peer.DirectConversation(s.self, m.From)) {
			unread[m.From] = true
		}
	}
	for from := range unread {
		view.Directs = append(view.Directs, peer.DirectView{Conversation: peer.DirectConversation(s.self, from), Unread: 1})
	}
	return view
}

// seen is a message as this member sees it.
func (s *seat) seen(m peer.MessageView) peer.MessageView {
	m.State = peer.Received
	if m.From == s.self {
		m.State = peer.Accepted
	}
	if m.Topic.IsZero() && m.From != s.self {
		m.Conversation = peer.DirectConversation(s.self, m.From)
	}
	return m
}

func (s *seat) Messages(_ context.Context, conversation peer.ConversationID, _ uint64, limit int) ([]peer.MessageView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []peer.MessageView
	for _, m := range s.said {
		if m = s.seen(m); m.Conversation == conversation {
			found = append(found, m)
		}
	}
	return found[max(0, len(found)-limit):], nil
}

func (s *seat) Send(_ context.Context, draft peer.Draft) (peer.MessageView, error) {
	topic, to, err := draft.Conversation.Parse()
	if err != nil {
		return peer.MessageView{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return peer.MessageView{}, wire.Refuse(wire.CodeStorage)
	}
	m := peer.MessageView{
		ID: wire.MessageID{byte(len(s.said) + 1)}, Conversation: draft.Conversation, From: s.self, To: to, Topic: topic,
		Text: draft.Text, Type: draft.Type, ReplyTo: draft.ReplyTo,
	}
	for _, member := range s.members {
		if member.Member == s.self {
			m.FromName = member.Name
		}
		if strings.Contains(draft.Text, "@"+member.Name) {
			m.Mentions = append(m.Mentions, member.Member)
		}
	}
	s.said = append(s.said, m)
	for id, other := range s.seats {
		if topic.IsZero() && id != s.self && !slices.Contains(to, id) {
			continue
		}
		view := other.seen(m)
		for _, listener := range other.listeners {
			listener(peer.Event{Kind: peer.EventMessage, Mesh: meshID, Message: &view, IsNew: true})
		}
	}
	return m, nil
}

func (s *seat) MarkRead(_ context.Context, conversation peer.ConversationID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = append(s.read, conversation)
	return nil
}

func (s *seat) SetCard(_ context.Context, card peer.Card) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards = append(s.cards, card)
	return nil
}

func (s *seat) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.read)
}

func (s *seat) card() peer.Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cards[len(s.cards)-1]
}

func (s *seat) Subscribe(listener func(peer.Event)) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, listener)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.listeners = nil
	}
}

func (s *seat) say(t *testing.T, conversation peer.ConversationID, text string) {
	t.Helper()
	if _, err := s.Send(t.Context(), peer.Draft{Conversation: conversation, Text: text}); err != nil {
		t.Fatal(err)
	}
}

func (r *room) messages() []peer.MessageView {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

func (r *room) texts() (texts []string) {
	for _, m := range r.messages() {
		texts = append(texts, m.Text)
	}
	return texts
}
