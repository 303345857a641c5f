package peer

import (
	"slices"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/wire"
)

func (c *Core) commandMarkRead(in MarkRead) {
	if _, _, err := in.Conversation.Parse(); err != nil {
		c.fail(in.Ref, err)
		return
	}
	r := receipts{core: c}
	for _, u := range c.takeUnread(in.Conversation) {
		r.add(in.Conversation, u)
	}
	r.send()
	c.result(Result{Ref: in.Ref})
}

func (c *Core) commandMarkMessagesRead(in MarkMessagesRead) {
	r := receipts{core: c}
	for _, id := range in.Messages {
		conversation := c.log.unreadIn[id]
		if u, ok := c.takeOneUnread(id); ok {
			r.add(conversation, u)
		} else {
			c.takenHere(id)
		}
	}
	r.send()
	c.result(Result{Ref: in.Ref})
}

// receipts tell the senders of direct messages, and the own other devices, what was shown here.
type receipts struct {
	core *Core
	to   []wire.MemberID // in the order in which they are written to
	read map[wire.MemberID][]wire.MessageID
}

func (r *receipts) add(in ConversationID, u unread) {
	to := u.sender
	if topic, _, _ := in.Parse(); !topic.IsZero() {
		to = r.core.member // who reads a topic is not told to everyone in it
	}
	if r.read == nil {
		r.read = map[wire.MemberID][]wire.MessageID{}
	}
	if r.read[to] == nil {
		r.to = append(r.to, to)
	}
	r.read[to] = append(r.read[to], u.id)
}

func (r *receipts) send() {
	c := r.core
	for _, to := range r.to {
		if c.usable() != nil || !c.present([]wire.MemberID{to}) || to == c.member && len(c.roster.DevicesOf(to)) < 2 {
			continue
		}
		for ids := range slices.Chunk(r.read[to], wire.MaxReceipt) {
			c.enqueue(&entry{
				Message: MessageView{Type: string(message.TypeReceipt), To: []wire.MemberID{to}, SentAt: c.milliseconds(), Priority: wire.PriorityLow},
				Read:    ids,
			})
		}
	}
}
