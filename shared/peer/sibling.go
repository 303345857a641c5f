package peer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// Sessions of one device write to each other through its log: a message to the own member that names one of them is sealed for
// the other own devices alone, which may be none, and whoever runs the sessions hands it over from the log.

// toSelf reports whether a message is direct, and for the own member alone.
func (c *Core) toSelf(m *MessageView) bool {
	return m.Topic.IsZero() && len(m.To) == 1 && m.To[0] == c.member
}

// speaksFor reports whether a session is this device's and has not ended.
func (c *Core) speaksFor(session wire.SessionID) bool {
	if session == c.device.Session {
		return !c.device.OneShot && !session.IsZero()
	}
	one := c.speech.find(session)
	return one != nil && one.card != nil
}

// checkSelf refuses a message to the own member that would come to nobody.
func (c *Core) checkSelf(m *MessageView) error {
	switch {
	case !m.Session.IsZero() && m.Session == m.FromSession:
		return wire.Errorf(wire.CodeNotFound, "That is the session that writes.%s", c.siblings(m.FromSession))
	case c.speaksFor(m.Session), len(c.roster.DevicesOf(c.member)) > 1:
		return nil
	case !m.Session.IsZero():
		return wire.Errorf(wire.CodeNotFound, "There is no such session on this device, and you have no other device in this mesh.%s", c.siblings(m.FromSession))
	}
	return wire.Errorf(wire.CodeNotFound, "You have no other device in this mesh that this could go to.%s", c.siblings(m.FromSession))
}

// maxSiblings is how many sessions a sentence names.
const maxSiblings = 4

// siblings is a sentence that names the sessions of this device beside one, or nothing where there are none.
func (c *Core) siblings(beside wire.SessionID) string {
	var names []string
	for _, s := range c.speech.all {
		if s.card == nil || s.session == beside {
			continue
		}
		name := s.session.String()[:8]
		if about := cmp.Or(s.card.Directory, s.card.Client); about != "" {
			name += " (" + about + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	order.By(names, strings.Compare)
	more := ""
	if n := len(names) - maxSiblings; n > 0 {
		names, more = names[:maxSiblings], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf(" A session on this device is written to by its id: %s%s.", strings.Join(names, ", "), more)
}

// takenHere notes that a session of this device took an own message to the own member. That one may still be in the outbox.
func (c *Core) takenHere(id wire.MessageID) {
	i := slices.IndexFunc(c.outbox.entries, func(e *entry) bool { return e.Message.ID == id && !e.isReceipt() })
	if i < 0 {
		if row := c.sent.byID[id]; row != nil && row.Counter != 0 {
			c.sent.note(c, id, c.member, func(to *sentTo) { to.Read = true })
		}
		return
	}
	e := c.outbox.entries[i]
	if !c.toSelf(&e.Message) || e.Message.State == Read {
		return
	}
	e.Message.State = Read
	c.update(&e.Message, false)
	c.put(BucketOutbox, u64(e.counter), encode(e))
}
