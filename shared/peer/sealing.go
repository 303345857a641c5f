package peer

import (
	"bytes"
	"slices"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// sealWaiting seals the messages that will be sent next, as far as keys are there; those that are not are asked for.
func (c *Core) sealWaiting() {
	epoch := c.roster.Epoch()
	root, have := c.ring.Root(epoch)
	if !have {
		return
	}
	for i := 0; i < len(c.outbox.entries) && i < maxFlights; {
		e := c.outbox.entries[i]
		if e.Envelope != nil || e.signing {
			i++
			continue
		}
		var problem error
		if e.Message.Topic.IsZero() {
			problem = c.sealDirect(e)
		} else {
			problem = c.sealTopic(e, root)
		}
		if problem != nil {
			c.failEntry(i, wire.AsError(problem))
			continue
		}
		i++
	}
}

// plain is the message as it will be read, on the present head.
func (c *Core) plain(e *entry) ([]byte, error) {
	m := &e.Message
	return message.Encode(message.Message{
		Type: message.Type(m.Type), SentAt: m.SentAt, Head: c.roster.Head(),
		Text: m.Text, Mentions: m.Mentions, ReplyTo: m.ReplyTo, Session: m.Session, FromSession: m.FromSession,
		Read: e.Read,
	})
}

func (c *Core) header(e *entry) wire.Header {
	return wire.Header{Priority: e.Message.Priority, Epoch: c.roster.Epoch(), Counter: e.counter}
}

// sealed stores an envelope; only then may it be sent.
func (c *Core) sealed(e *entry, envelope []byte) {
	e.Envelope, e.head, e.Roster = envelope, c.roster.Head(), c.roster.Statements()
	c.put(BucketOutbox, u64(e.counter), encode(e))
}

func (c *Core) sealDirect(e *entry) error {
	to, ready, err := c.recipients(e.Message.To)
	if err != nil || !ready {
		return err
	}
	if len(to) == 0 && e.Message.Session.IsZero() {
		return wire.Errorf(wire.CodeNotFound, "You have no other device in this mesh that this could go to.")
	}
	plain, err := c.plain(e)
	if err != nil {
		return err
	}
	h := c.header(e)
	for _, member := range e.Message.To {
		h.Recipients = append(h.Recipients, member)
	}
	order.By(h.Recipients, func(a, b [wire.IDSize]byte) int { return bytes.Compare(a[:], b[:]) })
	envelope, err := seal.SealDirect(c.entropy, c.self.Mesh, c.id, h, plain, to)
	if err != nil {
		return err
	}
	c.sealed(e, envelope)
	return nil
}

// recipients are the devices that a message to members is sealed for: theirs, and the own other ones.
func (c *Core) recipients(members []wire.MemberID) (to []seal.Recipient, ready bool, err error) {
	ready = true
	add := func(member wire.MemberID) error {
		for _, id := range c.roster.DevicesOf(member) {
			if id == c.id || slices.ContainsFunc(to, func(r seal.Recipient) bool { return r.Device == id }) {
				continue
			}
			device, _ := c.roster.Device(id)
			key, here, problem := c.sharedKey(device.Public.Box)
			if problem != nil {
				return problem
			}
			ready = ready && here
			to = append(to, seal.Recipient{Device: id, Key: key})
		}
		return nil
	}
	for _, member := range members {
		if m, ok := c.roster.Member(member); !ok || m.Standing != roster.Present {
			return nil, false, wire.Refuse(wire.CodeUnknownMember)
		}
		if err := add(member); err != nil {
			return nil, false, err
		}
	}
	if err := add(c.member); err != nil {
		return nil, false, err
	}
	return to, ready, nil
}

// sealTopic begins a topic's envelope; it is sealed when the signature is there, unless what it was made on moved meanwhile.
func (c *Core) sealTopic(e *entry, root keyring.Root) error {
	plain, err := c.plain(e)
	if err != nil {
		return err
	}
	h := c.header(e)
	h.Recipients = [][wire.IDSize]byte{e.Message.Topic}
	nonce, err := seal.Nonce(c.entropy)
	if err != nil {
		return err
	}
	head, counter := c.roster.Head(), e.counter
	e.signing = true
	c.sign(seal.TopicBytes(c.self.Mesh, c.id, h, nonce, plain), func(signature []byte, err error) {
		i := c.outbox.find(counter)
		if i < 0 || c.outbox.entries[i] != e || !e.signing {
			return
		}
		e.signing = false
		if err == nil && head != c.roster.Head() {
			return // pump seals it again
		}
		var envelope []byte
		if err == nil {
			envelope, err = seal.SealTopic(keyring.TopicKey(root, h.Epoch, e.Message.Topic), h, nonce, plain, signature)
		}
		if err != nil {
			c.failEntry(i, wire.AsError(err))
			return
		}
		c.sealed(e, envelope)
	})
	return nil
}
