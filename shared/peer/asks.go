package peer

import (
	"cmp"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// AskView is a question to this member that waits for its answer. It goes with any later message of the member in the
// direct conversation with the one who asks, with one that replies to it, wherever, and with Core's Settle. What another
// own device answers is known here once it arrives; what was settled is known to this device alone.
type AskView struct {
	Message      wire.MessageID
	Conversation ConversationID
	From         wire.MemberID
	FromName     string
	FromSession  wire.SessionID // zero: not told
	Text         string         // its beginning
	At           int64          // when the relay took it, in milliseconds since 1970
}

// ask is a question to this member that it has not answered, as far as this device knows. Each is a row of BucketMeta.
type ask struct {
	id  wire.MessageID
	row askRow
}

type askRow struct {
	Conversation ConversationID `json:"conversation"`
	From         wire.MemberID  `json:"from"`
	FromSession  wire.SessionID `json:"from_session,omitzero"`
	Text         string         `json:"text"`
	At           int64          `json:"at"`
	Arrival      uint64         `json:"arrival"`
}

// maxAsks bounds Core.asks; beyond it the oldest of the member that asked the most are let go, so that nobody drives out what
// others ask.
const maxAsks = 256

func askKey(id wire.MessageID) []byte { return append([]byte(metaAsk), id[:]...) }

func (c *Core) loadAsk(id string, value []byte) error {
	if len(id) != wire.ShortIDSize {
		return errRowKey
	}
	a := ask{id: wire.MessageID([]byte(id))}
	err := unmarshal(value, &a.row)
	c.asks = append(c.asks, a)
	return err
}

// sortAsks puts them in the order in which they came; rows come in that of their ids.
func (c *Core) sortAsks() {
	order.By(c.asks, func(a, b ask) int { return cmp.Compare(a.row.Arrival, b.row.Arrival) })
}

// asked notes a message of another member that is in the log, where it asks this member.
func (c *Core) asked(m *MessageView) {
	if m.Type != string(message.TypeAsk) || !m.Topic.IsZero() && !slices.Contains(m.Mentions, c.member) {
		return
	}
	a := ask{m.ID, askRow{m.Conversation, m.From, m.FromSession, short(m.Text), m.ReceivedAt, m.Arrival}}
	c.put(BucketMeta, askKey(a.id), encode(a.row))
	c.asks = append(c.asks, a)
	if len(c.asks) > maxAsks {
		c.settle(c.leastMissed())
	}
}

// leastMissed is the oldest question of the member that asked the most.
func (c *Core) leastMissed() (id wire.MessageID) {
	count := map[wire.MemberID]int{}
	for _, a := range c.asks {
		count[a.row.From]++
	}
	most := 0
	for _, a := range c.asks {
		if count[a.row.From] > most {
			most, id = count[a.row.From], a.id
		}
	}
	return id
}

// answered takes away what an own message answers: in a direct conversation all that was asked there, for there are two in it and
// one has spoken; elsewhere what it replies to.
func (c *Core) answered(m *MessageView) {
	direct := strings.HasPrefix(string(m.Conversation), directPrefix)
	for _, a := range slices.Clone(c.asks) {
		if a.id == m.ReplyTo || direct && a.row.Conversation == m.Conversation {
			c.settle(a.id)
		}
	}
}

// settle takes one away.
func (c *Core) settle(id wire.MessageID) {
	if i := slices.IndexFunc(c.asks, func(a ask) bool { return a.id == id }); i >= 0 {
		c.asks = slices.Delete(c.asks, i, i+1)
		c.delete(BucketMeta, askKey(id))
		c.changed = true
	}
}

// askViews leaves out those who are gone: nobody waits.
func (c *Core) askViews() []AskView {
	asks := slices.Clone(c.asks)
	order.By(asks, func(a, b ask) int {
		return cmp.Or(cmp.Compare(a.row.At, b.row.At), cmp.Compare(a.row.Arrival, b.row.Arrival))
	})
	var all []AskView
	for _, a := range asks {
		if m, known := c.roster.Member(a.row.From); known && m.Standing == roster.Present {
			all = append(all, AskView{
				Message: a.id, Conversation: a.row.Conversation, From: a.row.From, FromName: c.profile(a.row.From).Name,
				FromSession: a.row.FromSession, Text: a.row.Text, At: a.row.At,
			})
		}
	}
	return all
}
