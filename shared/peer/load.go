package peer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// load takes one row of the store.
func (c *Core) load(bucket string, row Row) error {
	switch bucket {
	case BucketMeta:
		return c.loadMeta(string(row.Key), row.Value)
	case BucketRoster:
		return c.loadStatement(row.Value)
	case BucketCursor:
		name, position, err := parseStreamRow(row.Key, 0, row.Value)
		c.streams.stored[name] = wire.Position(position)
		return err
	case BucketSeen:
		name, counter, err := parseStreamRow(row.Key, wire.IDSize, row.Value)
		if err == nil {
			c.streams.seen[seenKey{name, wire.DeviceID(row.Key[wire.StreamSize:])}] = counter
		}
		return err
	case BucketOutbox:
		e := &entry{}
		var err error
		if e.counter, err = parseU64(row.Key); err != nil {
			return err
		}
		c.outbox.entries = append(c.outbox.entries, e)
		err = unmarshal(row.Value, e)
		if e.Envelope != nil {
			e.first = earlier
		}
		return err
	case BucketSent:
		sent := &sentRow{}
		if len(row.Key) != wire.ShortIDSize {
			return errRowKey
		}
		c.sent.byID[wire.MessageID(row.Key)] = sent
		return unmarshal(row.Value, sent)
	case BucketUnread:
		return c.loadUnread(row)
	case BucketConversation:
		var head conversationRow
		err := unmarshal(row.Value, &head)
		c.log.conversations[ConversationID(row.Key)] = head
		return err
	case BucketInvite:
		var invite inviteRow
		if len(row.Key) != wire.IDSize {
			return errRowKey
		}
		err := unmarshal(row.Value, &invite)
		c.invites[wire.InviteID(row.Key)] = invite
		return err
	}
	return nil
}

var errRowKey = fmt.Errorf("a row's key has another size")

func (c *Core) loadMeta(key string, value []byte) (err error) {
	if id, isAsk := strings.CutPrefix(key, metaAsk); isAsk {
		return c.loadAsk(id, value)
	}
	switch key {
	case metaIdentity:
		if err = unmarshal(value, &c.self); err == nil && c.self.Version != identityVersion {
			return fmt.Errorf("it was written by another version")
		}
	case metaEnrollment:
		c.enrollment = &Enrollment{}
		err = unmarshal(value, c.enrollment)
	case metaRing:
		c.ring, err = keyring.ParseRing(value)
	case metaCounter:
		c.outbox.counter, err = parseU64(value)
	case metaArrival:
		c.log.arrival, err = parseU64(value)
	case metaReturned:
		var at uint64
		at, err = parseU64(value)
		c.returned = int64(at)
	case metaShown:
		c.log.shown, err = parseU64(value)
	}
	return err
}

// loadStatement folds a stored statement again. Its signatures were verified before it was stored.
func (c *Core) loadStatement(row []byte) error {
	if len(row) < 8 {
		return errRowKey
	}
	landed, _ := parseU64(row[:8])
	stmt, err := roster.Parse(row[8:])
	if err == nil {
		err = c.roster.Replay(stmt, time.Time{})
	}
	if err != nil {
		return err
	}
	c.folded(stmt, int64(landed))
	return nil
}

func parseStreamRow(key []byte, extra int, value []byte) (wire.Stream, uint64, error) {
	r := wire.NewReader(key)
	name := wire.ReadStream(&r)
	if r.Failed() || r.Left() != extra {
		return name, 0, errRowKey
	}
	number, err := parseU64(value)
	return name, number, err
}

func (c *Core) loadUnread(row Row) error {
	conversation, seq, err := splitMessageKey(row.Key)
	if err != nil {
		return err
	}
	if len(row.Value) != wire.ShortIDSize+wire.IDSize {
		return errRowKey
	}
	u := unread{seq, wire.MessageID(row.Value[:wire.ShortIDSize]), wire.MemberID(row.Value[wire.ShortIDSize:])}
	c.log.unread[conversation] = append(c.log.unread[conversation], u)
	c.log.unreadIn[u.id] = conversation
	return nil
}

// finishLoad settles what rows alone do not tell.
func (c *Core) finishLoad() error {
	for id := range c.sent.byID {
		c.sent.order = append(c.sent.order, id)
	}
	order.By(c.sent.order, func(a, b wire.MessageID) int {
		x, y := c.sent.byID[a], c.sent.byID[b]
		if x.Arrival != y.Arrival {
			return int(int64(x.Arrival) - int64(y.Arrival))
		}
		return slices.Compare(a[:], b[:])
	})
	c.sortAsks()
	c.behind.head, c.behind.settled = c.roster.Head(), c.streams.stored[wire.RosterStream(c.self.Mesh)]
	for i := range c.roster.Invitations() {
		if row, made := c.invites[i.ID]; made && row.Code == "" {
			c.jobs.lost = append(c.jobs.lost, i.ID)
		}
	}
	device, known := c.roster.Device(c.id)
	if !known && c.enrollment == nil && c.roster.Statements() > 0 {
		return wire.Errorf(wire.CodeStorage, "This device's store was made with other keys than it has now.")
	}
	if known && device.Standing != roster.Present {
		c.link.final = standingProblem(device.Standing)
	}
	return nil
}
