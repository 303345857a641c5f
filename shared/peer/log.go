package peer

import (
	"cmp"
	"slices"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// log is what this device knows of its messages without reading them: how far each conversation has come, and what of it was
// not shown yet.
type log struct {
	arrival       uint64 // of the last message
	shown         uint64 // the inbox was shown up to here
	conversations map[ConversationID]conversationRow
	unread        map[ConversationID][]unread // by seq
	unreadIn      map[wire.MessageID]ConversationID
	// early are messages that another own device read before they came here: topics and inbox are read side by side.
	early []wire.MessageID
}

// conversationRow is the head of a conversation.
type conversationRow struct {
	Seq  uint64 `json:"seq"`
	At   int64  `json:"at"` // of the last message: the relay's time, or the own while it is sending
	Text string `json:"text"`
}

// unread is a message of another member that was not shown yet.
type unread struct {
	seq    uint64
	id     wire.MessageID
	sender wire.MemberID
}

// maxEarly bounds log.early. What is forgotten stays unread until it is read here.
const maxEarly = 1024

// excerpt is how much of the last message a conversation's row keeps, in bytes at most.
const excerpt = 160

func newLog() log {
	return log{
		conversations: map[ConversationID]conversationRow{},
		unread:        map[ConversationID][]unread{},
		unreadIn:      map[wire.MessageID]ConversationID{},
	}
}

// append numbers a message, stores it at the end of its conversation, and tells.
func (c *Core) append(m *MessageView) {
	row := c.log.conversations[m.Conversation]
	c.log.arrival++
	m.Seq, m.Arrival = row.Seq+1, c.log.arrival
	row.Seq = m.Seq
	if !m.Gap {
		row.At, row.Text = m.ReceivedAt, short(m.Text)
		if row.At == 0 {
			row.At = m.SentAt
		}
	}
	c.log.conversations[m.Conversation] = row
	key := messageKey(m.Conversation, m.Seq)
	c.put(BucketMeta, metaKey(metaArrival), u64(c.log.arrival))
	c.put(BucketConversation, []byte(m.Conversation), encode(row))
	c.put(BucketArrival, u64(m.Arrival), key)
	if m.State == Received && !m.History {
		c.markUnread(m, key)
	}
	c.update(m, true)
}

// update stores a message that has its place, and tells.
func (c *Core) update(m *MessageView, isNew bool) {
	key := messageKey(m.Conversation, m.Seq)
	c.put(BucketMessage, key, encode(m))
	if !m.ID.IsZero() {
		c.put(BucketMessageID, m.ID[:], key)
	}
	c.changed = true
	shown := c.named(*m)
	c.notify(Event{Kind: EventMessage, Message: &shown, IsNew: isNew})
}

// named is the message as views show it.
func (c *Core) named(m MessageView) MessageView {
	m.FromName = c.profile(m.From).Name
	m.To, m.Mentions = slices.Clone(m.To), slices.Clone(m.Mentions)
	return m
}

func short(text string) string {
	if len(text) <= excerpt {
		return text
	}
	end := 0
	for i := range text {
		if i > excerpt {
			break
		}
		end = i
	}
	return text[:end]
}

func (c *Core) markUnread(m *MessageView, key []byte) {
	if i := slices.Index(c.log.early, m.ID); i >= 0 {
		c.log.early = slices.Delete(c.log.early, i, i+1)
		return
	}
	c.log.unread[m.Conversation] = append(c.log.unread[m.Conversation], unread{m.Seq, m.ID, m.From})
	c.log.unreadIn[m.ID] = m.Conversation
	c.put(BucketUnread, key, append(append([]byte(nil), m.ID[:]...), m.From[:]...))
}

// markRead takes a message off the unread ones, because another own device showed it.
func (c *Core) markRead(id wire.MessageID) {
	if _, ok := c.takeOneUnread(id); ok {
		return
	}
	if c.log.early = append(c.log.early, id); len(c.log.early) > maxEarly {
		c.log.early = slices.Delete(c.log.early, 0, 1)
	}
}

// takeUnread empties a conversation's unread messages and gives them.
func (c *Core) takeUnread(conversation ConversationID) []unread {
	waiting := c.log.unread[conversation]
	for _, u := range waiting {
		c.delete(BucketUnread, messageKey(conversation, u.seq))
		delete(c.log.unreadIn, u.id)
	}
	delete(c.log.unread, conversation)
	c.changed = c.changed || len(waiting) > 0
	return waiting
}

// takeOneUnread takes a message off the unread ones; false: it is not among them.
func (c *Core) takeOneUnread(id wire.MessageID) (unread, bool) {
	conversation, ok := c.log.unreadIn[id]
	if !ok {
		return unread{}, false
	}
	waiting := c.log.unread[conversation]
	i := slices.IndexFunc(waiting, func(u unread) bool { return u.id == id })
	one := waiting[i]
	c.delete(BucketUnread, messageKey(conversation, one.seq))
	c.log.unread[conversation] = slices.Delete(waiting, i, i+1)
	delete(c.log.unreadIn, id)
	c.changed = true
	return one, true
}

// takeGap shows that something is gone: in the topic's conversation, and for an inbox in every direct one, because nobody can
// tell which it was in.
func (c *Core) takeGap(st *stream) {
	gap := MessageView{Gap: true, ReceivedAt: c.milliseconds(), History: st.cursor == 0}
	if st.name.Kind == wire.StreamTopic {
		gap.Topic = wire.TopicID(st.name.ID)
		gap.Conversation = TopicConversation(gap.Topic)
		c.append(&gap)
		return
	}
	var directs []ConversationID
	for id := range c.log.conversations {
		if topic, _, err := id.Parse(); err == nil && topic.IsZero() {
			directs = append(directs, id)
		}
	}
	order.By(directs, cmp.Compare)
	for _, id := range directs {
		gap.Conversation = id
		c.append(&gap)
	}
}
