package peer

import (
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// takeDelivery opens what came, and shows it or drops it with a reason. Nothing that does not verify moves any counter: a
// relay could else make this device drop what is genuine.
func (c *Core) takeDelivery(st *stream, it item) verdict {
	if it.sender == c.id {
		return taken // the own message, as the topic or the own inbox shows it to everyone
	}
	e, err := wire.ParseEnvelope(it.bytes)
	if err != nil {
		return c.drop(st, it, err)
	}
	sender, known := c.roster.Device(it.sender)
	if !known || e.Epoch > c.roster.Epoch() {
		if c.mayWait(st) {
			return waitRoster
		}
		if !known {
			return c.drop(st, it, wire.Refuse(wire.CodeUnknownDevice))
		}
		return c.drop(st, it, wire.Refuse(wire.CodeStaleEpoch))
	}
	if err := c.checkAddress(st, &sender, &e); err != nil {
		return c.drop(st, it, err)
	}
	if _, _, mine := e.StanzaFor(c.id); !mine && e.Kind == wire.KindDirect && (c.before(it) || int64(it.time) < c.returned) {
		return taken // for the devices that the own member had then, as its sender knew them
	}
	key := seenKey{st.name, it.sender}
	if e.Counter <= c.streams.seen[key] {
		return c.drop(st, it, wire.Refuse(wire.CodeReplayed))
	}
	plain, wait, err := c.openEnvelope(&sender, &e)
	if wait {
		return waitKey
	}
	if err != nil {
		return c.drop(st, it, err)
	}
	m, err := message.Decode(plain)
	if err != nil {
		return c.drop(st, it, err)
	}
	if !c.roster.HasHead(m.Head) {
		if c.mayWait(st) {
			return waitRoster
		}
		c.forked(&sender)
	} else if c.link.fork != nil && c.link.forkWith == it.sender {
		c.link.fork, c.link.forkWith = nil, wire.DeviceID{} // the two agree again
		c.connectionChanged()
	}
	c.streams.markSeen(key, e.Counter)
	if expired(&e, it.time) {
		return c.drop(st, it, wire.Refuse(wire.CodeExpiredMessage))
	}
	c.show(&sender, &e, &m, it)
	return taken
}

// before reports whether something came to be before this device joined.
func (c *Core) before(it item) bool { return int64(it.time) < c.joined }

// mayWait reports whether the first item of a queue may still wait for the roster to be read to its head.
func (c *Core) mayWait(st *stream) bool { return !st.waited || c.streams.refreshing }

func (c *Core) drop(st *stream, it item, err error) verdict {
	c.dropped(wire.CodeOf(err), st.name, it.sender)
	return taken
}

// expired compares with when the relay had it: a message that came in time is not lost because this device was away.
func expired(e *wire.Envelope, milliseconds uint64) bool {
	return e.Expires != 0 && milliseconds/1000 > e.Expires
}

// checkAddress refuses an envelope that does not belong on the stream, or that its sender could not have sent.
func (c *Core) checkAddress(st *stream, sender *roster.Device, e *wire.Envelope) error {
	if err := sender.CheckCounter(e.Counter); err != nil {
		return err
	}
	if st.name.Kind == wire.StreamTopic {
		if e.Kind != wire.KindTopic || e.Recipient(0) != st.name.ID {
			return errAddress
		}
		return nil
	}
	if e.Kind != wire.KindDirect {
		return errAddress
	}
	if sender.Member == c.member {
		return nil // the copy of what another own device sent
	}
	for i := range e.Recipients() {
		if e.Recipient(i) == c.member {
			return nil
		}
	}
	return errAddress
}

var errAddress = wire.Errorf(wire.CodeBadStanza, "the message came on a stream that it was not sent to")

// openEnvelope gives the plaintext; wait means that a key operation is under way.
func (c *Core) openEnvelope(sender *roster.Device, e *wire.Envelope) (plain []byte, wait bool, err error) {
	if e.Kind == wire.KindTopic {
		root, have := c.ring.Root(e.Epoch)
		if !have {
			if c.ringPending() {
				return nil, true, nil
			}
			return nil, false, wire.Refuse(wire.CodeBadCommitment)
		}
		key := keyring.TopicKey(root, e.Epoch, e.Topic())
		plain, err = seal.OpenTopic(key, c.self.Mesh, sender.ID, sender.Public.Sign, e)
		return plain, false, err
	}
	shared, ready, problem := c.sharedKey(sender.Public.Box)
	if !ready {
		return nil, true, nil
	}
	if problem != nil {
		return nil, c.keyFailed(problem), problem
	}
	plain, err = seal.OpenDirect(c.self.Mesh, sender.ID, c.id, e, shared)
	return plain, false, err
}

// show takes an opened message to the log, or a receipt to where it counts.
func (c *Core) show(sender *roster.Device, e *wire.Envelope, m *message.Message, it item) {
	id := wire.MessageIDOf(c.self.Mesh, sender.ID, e.Counter)
	if m.Type == message.TypeReceipt {
		if e.Kind == wire.KindDirect {
			c.takeReceipt(sender.Member, m.Read)
		}
		return
	}
	view := MessageView{
		ID: id, From: sender.Member, FromDevice: sender.ID,
		Text: m.Text, Type: string(m.Type), Priority: e.Priority, ReplyTo: m.ReplyTo, Mentions: m.Mentions,
		Session: m.Session, FromSession: m.FromSession,
		SentAt: m.SentAt, ReceivedAt: int64(it.time), State: Received,
		History: c.before(it),
	}
	if e.Kind == wire.KindTopic {
		view.Topic = e.Topic()
		view.Conversation = TopicConversation(view.Topic)
	} else {
		for i := range e.Recipients() {
			view.To = append(view.To, e.Recipient(i))
		}
		view.Conversation = DirectConversation(c.member, append([]wire.MemberID{sender.Member}, view.To...)...)
	}
	if sender.Member == c.member {
		view.State = Accepted
	}
	c.append(&view)
	if sender.Member != c.member {
		c.asked(&view)
	} else {
		c.answered(&view)
		c.sent.add(c, &view, nil, nil)
	}
}

// forked tells that a member was shown another roster than this device: only a relay that shows two can bring that about,
// or a member that lies.
func (c *Core) forked(sender *roster.Device) {
	c.link.fork = wire.Errorf(wire.CodeBadRoster, "%s and this device were shown different rosters. Either the relay lies about who is in this mesh, or that member's device does: compare the list of members with each other.", c.nameOrID(sender.Member))
	c.link.forkWith = sender.ID
	c.dropped(wire.CodeBadRoster, wire.RosterStream(c.self.Mesh), sender.ID)
	c.connectionChanged()
}
