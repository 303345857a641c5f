package peer

import (
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// sent are the direct messages of the own member that somebody has not read yet, as far as this device follows them.
type sent struct {
	byID  map[wire.MessageID]*sentRow
	order []wire.MessageID // as sent
}

// sentRow is what is still awaited of a message.
type sentRow struct {
	Conversation ConversationID `json:"conversation"`
	Seq          uint64         `json:"seq"`
	Arrival      uint64         `json:"arrival"`
	// Counter is that of this device's send; 0 for the copy of what another own device sent.
	Counter uint64 `json:"counter,omitempty"`
	// Roster is the number of statements on which it was sealed: a device that joined later cannot open it.
	Roster int      `json:"roster,omitempty"`
	To     []sentTo `json:"to"`
	State  Delivery `json:"state"`
}

type sentTo struct {
	Member    wire.MemberID `json:"member"`
	Position  wire.Position `json:"position,omitempty"` // in the member's inbox; 0: unknown
	Delivered bool          `json:"delivered,omitempty"`
	Read      bool          `json:"read,omitempty"`
}

// maxSent bounds sent. What falls out keeps the state that it had.
const maxSent = 2048

func newSent() sent { return sent{byID: map[wire.MessageID]*sentRow{}} }

// add follows an accepted direct message; e and placed are nil for a copy.
func (s *sent) add(c *Core, m *MessageView, e *entry, placed []wire.Placed) {
	if !m.Topic.IsZero() || len(m.To) == 0 {
		return
	}
	row := &sentRow{Conversation: m.Conversation, Seq: m.Seq, Arrival: m.Arrival, State: Accepted}
	if e != nil {
		row.Counter, row.Roster = e.counter, e.Roster
	}
	for _, member := range m.To {
		to := sentTo{Member: member}
		for _, p := range placed {
			if p.Recipient == member {
				to.Position = p.Position
			}
		}
		row.To = append(row.To, to)
	}
	s.byID[m.ID], s.order = row, append(s.order, m.ID)
	c.put(BucketSent, slices.Clone(m.ID[:]), encode(row))
	for len(s.order) > maxSent {
		s.drop(c, s.order[0])
	}
}

func (s *sent) drop(c *Core, id wire.MessageID) {
	delete(s.byID, id)
	if i := slices.Index(s.order, id); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
	c.delete(BucketSent, slices.Clone(id[:]))
}

// note records what happened to one recipient's copy and, where that settles it for all, the message's state.
func (s *sent) note(c *Core, id wire.MessageID, member wire.MemberID, change func(*sentTo)) {
	row := s.byID[id]
	if row == nil {
		return
	}
	i := slices.IndexFunc(row.To, func(to sentTo) bool { return to.Member == member })
	if i < 0 {
		return
	}
	before := row.To[i]
	if change(&row.To[i]); row.To[i] == before {
		return
	}
	state := row.state()
	if state != row.State {
		row.State = state
		key := messageKey(row.Conversation, row.Seq)
		c.put(BucketState, key, []byte(state))
		c.output(Notify{Event: Event{Kind: EventMessage, Mesh: c.self.Mesh}, Row: key})
	}
	if state == Read {
		s.drop(c, id)
		return
	}
	c.put(BucketSent, slices.Clone(id[:]), encode(row))
}

func (row *sentRow) state() Delivery {
	delivered, read := true, true
	for _, to := range row.To {
		delivered, read = delivered && (to.Delivered || to.Read), read && to.Read
	}
	switch {
	case read:
		return Read
	case delivered:
		return Delivered
	}
	return row.State
}

func (c *Core) hearDelivered(payload []byte) error {
	d, err := wire.ParseDelivered(payload)
	if err != nil {
		return err
	}
	id := wire.MessageIDOf(c.self.Mesh, c.id, d.Counter)
	device, known := c.roster.Device(d.Device)
	if row := c.sent.byID[id]; row == nil || !known || device.Number > row.Roster && row.Roster != 0 {
		return nil
	}
	c.sent.note(c, id, d.Member, func(to *sentTo) { to.Delivered = true })
	return nil
}

// takeReceipt takes a member's word for what it read: of the own messages, or, from an own device, of what others sent.
func (c *Core) takeReceipt(from wire.MemberID, read []wire.MessageID) {
	for _, id := range read {
		if from == c.member {
			c.markRead(id)
		}
		c.sent.note(c, id, from, func(to *sentTo) { to.Read = true })
	}
}

// track asks for the deliveries of messages that this device may have missed while it was away.
func (c *Core) track(messages ...wire.MessageID) {
	var items []wire.TrackItem
	flush := func() {
		if len(items) > 0 {
			c.send(wire.AppendJSONFrame(nil, wire.FrameTrack, wire.Track{Items: items}))
			items = nil
		}
	}
	for _, id := range messages {
		row := c.sent.byID[id]
		if row == nil {
			continue
		}
		for _, to := range row.To {
			if row.Counter != 0 && row.Counter <= c.outbox.last && // a relay that was put back does not know what is above
				to.Position != 0 && !to.Delivered && !to.Read {
				items = append(items, wire.TrackItem{Member: to.Member, Position: to.Position, Counter: row.Counter})
			}
		}
		if len(items) > wire.MaxTrack-wire.MaxRecipients {
			flush()
		}
	}
	flush()
}
