package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// send sends a session's message and waits until the relay has it, or for device.Patience.
func (s *Server) send(ctx context.Context, in *Send) (Sent, error) {
	if err := s.awaitReady(ctx); err != nil {
		return Sent{}, err
	}
	s.mu.Lock()
	one, err := s.caller(&in.Caller)
	if err != nil {
		s.mu.Unlock()
		return Sent{}, err
	}
	id := one.ID
	s.registry.Act(time.Now(), one)
	s.spread()
	meshes, err := s.meshesOf(one, in.Mesh)
	s.mu.Unlock()
	if err == nil {
		err = awaitBegun(ctx, meshes)
	}
	if err != nil {
		return Sent{}, err
	}
	m, draft, err := s.address(ctx, in, meshes)
	if err != nil {
		return Sent{}, err
	}
	draft.FromSession, draft.Text, draft.Type, draft.Priority, draft.ReplyTo = id, in.Text, in.Type, in.Priority, in.ReplyTo
	message, err := m.device.Send(ctx, draft)
	if err != nil {
		return Sent{}, m.explain(draft.Target, err)
	}
	if !in.ReplyTo.IsZero() {
		s.mu.Lock()
		m.queue.Replied(id, in.ReplyTo)
		number := m.post(nil)
		s.mu.Unlock()
		if m.rows.wait(number) == nil {
			m.rows.durable()
			poke(m.told)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, device.Patience)
	defer cancel()
	if message, err = m.device.Settled(waiting, message); err != nil {
		return Sent{}, err
	}
	return m.sent(&message), nil
}

// meshesOf are the meshes that a session (nil: none) shows itself in, or the one of them that is named. CodeAmbiguous: a name means
// several. It is called with the mutex held.
func (s *Server) meshesOf(one *agent.Session, named string) ([]*mesh, error) {
	all := s.held()
	if one != nil {
		if err := one.Clear(s.known()); err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(m *mesh) bool { return !m.in(one) })
	}
	if named == "" {
		return all, nil
	}
	meant := agent.Meant(named, known(all))
	if len(meant) > 1 {
		return nil, wire.Errorf(wire.CodeAmbiguous, "%q means several meshes of this machine: %s.", named, agent.List(meant))
	}
	return slices.DeleteFunc(all, func(m *mesh) bool { return len(meant) == 0 || m.view.Load().Mesh != meant[0].ID }), nil
}

// known are the meshes that the daemon holds by what names them. It is called with the mutex held.
func (s *Server) known() []agent.Known { return known(s.held()) }

func known(meshes []*mesh) []agent.Known {
	all := make([]agent.Known, len(meshes))
	for i, m := range meshes {
		view := m.view.Load()
		all[i] = agent.Known{Name: view.Name, ID: view.Mesh}
	}
	return all
}

// address finds the one mesh in which a message's target means something, and where it goes there.
func (s *Server) address(ctx context.Context, in *Send, meshes []*mesh) (*mesh, peer.Draft, error) {
	var none peer.Draft
	switch {
	case len(meshes) == 0 && in.Mesh != "":
		return nil, none, wire.Errorf(wire.CodeNotFound, "This session is in no mesh %q.", in.Mesh)
	case len(meshes) == 0:
		return nil, none, wire.Errorf(wire.CodeNotFound, "This session is in no mesh. \"claudemesh join LINK\" joins one.")
	case in.To == "" && in.ReplyTo.IsZero():
		return nil, none, wire.Errorf(wire.CodeMalformed, "A message needs a recipient, or a message that it replies to.")
	case in.To == "":
		return replyTo(ctx, in.ReplyTo, meshes)
	}
	if len(meshes) == 1 {
		return meshes[0], peer.Draft{Target: in.To}, nil
	}
	var found []*mesh
	var first error
	for _, m := range meshes {
		resolution := m.device.Resolve(in.To)
		switch {
		case resolution.Problem == nil:
			found = append(found, m)
		case wire.CodeOf(resolution.Problem) == wire.CodeAmbiguous:
			return nil, none, m.explain(in.To, resolution.Problem)
		case first == nil:
			first = resolution.Problem
		}
	}
	switch len(found) {
	case 0:
		return nil, none, first
	case 1:
		return found[0], peer.Draft{Target: in.To}, nil
	}
	names := make([]string, len(found))
	for i, m := range found {
		names[i] = fmt.Sprintf("%s (%s)", oneLine(m.view.Load().Name), m.view.Load().Mesh.String()[:8])
	}
	return nil, none, wire.Errorf(wire.CodeAmbiguous, "%q means something in several meshes: %s. Name one as mesh.", in.To, strings.Join(names, ", "))
}

// replyTo is where a message came from: the topic it stands in, or who sent it with all whom it went to.
func replyTo(ctx context.Context, id wire.MessageID, meshes []*mesh) (*mesh, peer.Draft, error) {
	for _, m := range meshes {
		message, err := m.device.Message(ctx, id)
		if wire.CodeOf(err) == wire.CodeNotFound {
			continue
		}
		return m, peer.Draft{Conversation: message.Conversation}, err
	}
	return nil, peer.Draft{}, wire.Errorf(wire.CodeNotFound, "There is no message %s here to reply to.", id.String()[:8])
}

// explain adds to an ambiguous target who is meant: names, with ids that tell them apart.
func (m *mesh) explain(target string, err error) error {
	var refusal *wire.Error
	if target == "" || !errors.As(err, &refusal) || refusal.Code != wire.CodeAmbiguous {
		return err
	}
	var choices []string
	for _, candidate := range m.device.Resolve(target).Candidates {
		choices = append(choices, fmt.Sprintf("%s %s", oneLine(candidate.Name), candidate.Member.String()[:8]))
	}
	if len(choices) == 0 {
		return err
	}
	return wire.Errorf(wire.CodeAmbiguous, "%q means more than one: %s. Use an id, or its first 8 digits or more.", target, strings.Join(choices, ", "))
}

// sent is what became of a message of this device.
func (m *mesh) sent(message *peer.MessageView) Sent {
	view := m.view.Load()
	out := Sent{
		ID: message.ID, Mesh: view.Mesh, State: message.State, Conversation: string(message.Conversation), Error: message.Error, To: []string{},
	}
	if !message.Topic.IsZero() {
		out.To = []string{"#" + topicName(view, message.Topic)}
		return out
	}
	for _, to := range message.To {
		name := memberName(view, to)
		if to == view.Member && !message.Session.IsZero() {
			name += "/" + message.Session.String()[:8]
		}
		out.To = append(out.To, name)
	}
	return out
}

// message finds a message of this machine's logs: of the caller's meshes, where it names its session.
func (s *Server) message(ctx context.Context, in *messageAsked) (messageFound, error) {
	prefix := in.ID
	if err := s.awaitReady(ctx); err != nil {
		return messageFound{}, err
	}
	s.mu.Lock()
	one, err := s.caller(&in.Caller)
	if err != nil && !in.Session.IsZero() {
		s.mu.Unlock()
		return messageFound{}, err
	}
	all, err := s.meshesOf(one, "")
	s.mu.Unlock()
	if err != nil {
		return messageFound{}, err
	}
	var found *messageFound
	for _, m := range all {
		message, err := m.device.MessageByPrefix(ctx, prefix)
		if wire.CodeOf(err) == wire.CodeNotFound {
			continue
		}
		if err != nil {
			return messageFound{}, err
		}
		if found != nil {
			return messageFound{}, wire.Errorf(wire.CodeAmbiguous, "More than one message begins with %s. Give more digits.", prefix)
		}
		found = &messageFound{message.ID, m.sent(&message), m.messageOf(m.view.Load(), &message)}
	}
	if found == nil {
		return messageFound{}, wire.Errorf(wire.CodeNotFound, "There is no message %s on this machine.", prefix)
	}
	return *found, nil
}

// peers lists who is in the meshes of a caller. A mesh that was not connected yet is waited for.
func (s *Server) peers(ctx context.Context, in *peersAsked) ([]MeshPeers, error) {
	if err := s.awaitReady(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	one, err := s.caller(&in.Caller)
	if err != nil && !in.Session.IsZero() {
		s.mu.Unlock()
		return nil, err
	}
	meshes, err := s.meshesOf(one, in.Mesh)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if len(meshes) == 0 && in.Mesh != "" {
		return nil, wire.Errorf(wire.CodeNotFound, "There is no mesh %q here.", in.Mesh)
	}
	all := []MeshPeers{}
	if err := awaitBegun(ctx, meshes); err != nil {
		return nil, err
	}
	for _, m := range meshes {
		all = append(all, m.peers(one))
	}
	return all, nil
}

func (m *mesh) peers(one *agent.Session) MeshPeers {
	view := m.view.Load()
	out := MeshPeers{
		Mesh: view.Mesh, Name: oneLine(view.Name), Online: view.Connection == peer.Connected,
		Self: Self{Member: view.Member, Name: oneLine(view.DisplayName)}, Members: []MemberPeer{}, Topics: []string{},
	}
	if one != nil {
		out.Self.Session = one.ID
	}
	for i := range view.Topics {
		if !view.Topics[i].Archived {
			out.Topics = append(out.Topics, oneLine(view.Topics[i].Name))
		}
	}
	for i := range view.Members {
		member := &view.Members[i]
		entry := MemberPeer{
			Member: member.Member, Name: oneLine(member.Name), Kind: member.Kind, Presence: member.Presence, Status: member.Status,
			Summary: oneLine(member.Summary), IsSelf: member.IsSelf,
		}
		for j := range member.Sessions {
			if session := &member.Sessions[j]; session.State != peer.Offline {
				entry.Sessions = append(entry.Sessions, sessionPeer(session, one))
			}
		}
		out.Members = append(out.Members, entry)
	}
	return out
}

func sessionPeer(s *peer.SessionView, one *agent.Session) SessionPeer {
	out := SessionPeer{
		Session: s.Session, IsSelf: one != nil && s.Session == one.ID, Kind: s.Card.Kind, State: s.State, Status: s.Card.Status,
		StatusSince: s.Card.StatusSince, Summary: oneLine(s.Card.Summary), Host: oneLine(s.Card.Host),
		Directory: oneLine(s.Card.Directory), Model: oneLine(s.Card.Model), Client: oneLine(s.Card.Client),
	}
	for _, tag := range s.Card.Tags {
		out.Tags = append(out.Tags, oneLine(tag))
	}
	return out
}

// awaitBegun waits until each of the meshes has reached its relay once, or is known not to reach it.
func awaitBegun(ctx context.Context, meshes []*mesh) error {
	for _, m := range meshes {
		select {
		case <-m.begun:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// awaitReady waits until the meshes were looked for once.
func (s *Server) awaitReady(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
