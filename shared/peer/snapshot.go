package peer

import (
	"cmp"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// View is the mesh as it is known now. It shares nothing with the core.
func (c *Core) View() MeshView {
	connection, problem := c.connection()
	v := MeshView{
		Mesh: c.self.Mesh, Name: c.meshName(), Member: c.member, Device: c.id, DisplayName: c.displayName(),
		Relay: c.self.Relay, Connection: connection, Problem: problem, ClockSkew: c.link.ahead,
	}
	for _, e := range c.outbox.entries {
		if !e.isReceipt() {
			v.Waiting++
		}
	}
	if c.enrollment != nil {
		return v
	}
	self, _ := c.roster.Member(c.member)
	v.Role = self.Role
	v.Members = c.memberViews()
	v.Topics = c.topicViews()
	v.Directs = c.directViews()
	v.Asks = c.askViews()
	for _, waiting := range c.log.unread {
		v.Unread += len(waiting)
	}
	return v
}

// displayName is the own name: as the person chose it last, or as the roster has it.
func (c *Core) displayName() string {
	if c.self.Name != "" {
		return c.self.Name
	}
	return c.profile(c.member).Name
}

// nameOrID names a member to a person.
func (c *Core) nameOrID(id wire.MemberID) string {
	if name := c.profile(id).Name; name != "" {
		return name
	}
	return id.String()[:8]
}

func (c *Core) memberViews() []MemberView {
	sessions := map[wire.MemberID][]*session{}
	for _, s := range c.sessions() {
		sessions[s.member] = append(sessions[s.member], s)
	}
	var all []MemberView
	for m := range c.roster.Members() {
		if m.Standing == roster.Present {
			all = append(all, c.memberView(m, sessions[m.ID]))
		}
	}
	order.By(all, func(a, b MemberView) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), slices.Compare(a.Member[:], b.Member[:]))
	})
	return all
}

func (c *Core) topicViews() []TopicView {
	var all []TopicView
	for t := range c.roster.Topics() {
		conversation := TopicConversation(t.ID)
		name := c.topicName(t.ID)
		all = append(all, TopicView{
			Topic: t.ID, Name: name.Name, Description: name.Description, Archived: t.Archived,
			Unread: len(c.log.unread[conversation]), LastAt: c.log.conversations[conversation].At,
		})
	}
	if len(all) > 1 {
		order.By(all[1:], func(a, b TopicView) int { return strings.Compare(a.Name, b.Name) })
	}
	return all
}

func (c *Core) directViews() []DirectView {
	var all []DirectView
	for id, row := range c.log.conversations {
		topic, members, err := id.Parse()
		if err != nil || !topic.IsZero() {
			continue
		}
		v := DirectView{Conversation: id, Members: members, Unread: len(c.log.unread[id]), LastAt: row.At, LastText: row.Text}
		v.Name, v.Departed = c.namesOf(members)
		all = append(all, v)
	}
	order.By(all, func(a, b DirectView) int {
		return cmp.Or(cmp.Compare(b.LastAt, a.LastAt), cmp.Compare(a.Conversation, b.Conversation))
	})
	return all
}

// namesOf joins the names of members, and tells the names of those that are not in the mesh any more.
func (c *Core) namesOf(members []wire.MemberID) (joined string, departed []string) {
	names := make([]string, len(members))
	for i, id := range members {
		names[i] = c.nameOrID(id)
		if m, known := c.roster.Member(id); known && m.Standing != roster.Present {
			departed = append(departed, names[i])
		}
	}
	return strings.Join(names, ", "), departed
}

// Live reports whether the device is connected, and every stream that it tails was read to its head.
func (c *Core) Live() bool {
	return c.link.phase == phaseLive && c.enrollment == nil && c.streams.live()
}

// Waiting is the number of messages in the outbox, receipts too.
func (c *Core) Waiting() int { return len(c.outbox.entries) }

// Trusted reports whether this device has verified the mesh that it joined.
func (c *Core) Trusted() bool { return c.enrollment == nil }

// Shown is how far the inbox was shown: the Arrival of the last message.
func (c *Core) Shown() uint64 { return c.log.shown }

// Named fills in what views show beside a stored message.
func (c *Core) Named(m MessageView) MessageView { return c.named(m) }

// Final is why this device may not come back, or nil.
func (c *Core) Final() *wire.Error {
	if c.rosterBad != nil {
		return c.rosterBad
	}
	return c.link.final
}

// Settled reports whether nothing of joining is left to do: the mesh is trusted, all was read, and the display name is told
// or was refused.
func (c *Core) Settled() bool {
	return c.Live() && (c.self.Name == "" || c.now.Before(c.jobs.quiet[roster.KindProfile]))
}
