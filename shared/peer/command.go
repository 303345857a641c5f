package peer

import (
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func (c *Core) handleCommand(in Input) {
	switch in := in.(type) {
	case Send:
		c.commandSend(in)
	case Resend:
		c.commandResend(in)
	case MarkRead:
		c.commandMarkRead(in)
	case MarkMessagesRead:
		c.commandMarkMessagesRead(in)
	case Settle:
		c.settle(in.Message)
		c.result(Result{Ref: in.Ref})
	case EndSession:
		c.commandEndSession(in)
	case MarkShown:
		c.log.shown = max(c.log.shown, min(in.Arrival, c.log.arrival))
		c.put(BucketMeta, metaKey(metaShown), u64(c.log.shown))
		c.result(Result{Ref: in.Ref})
	case MakeInvite:
		c.commandInvite(in)
	case Retire:
		c.commandRetire(in)
	case MakeTopic:
		c.commandTopic(in)
	case Rename:
		c.commandRename(in)
	case ShowCard:
		c.commandCard(in)
	case Depart:
		c.commandLeave(in)
	case Forget:
		c.jobs.forget(in.Ref)
	}
}

// usable refuses what needs a mesh that this device is in.
func (c *Core) usable() *wire.Error {
	switch {
	case c.rosterBad != nil:
		return c.rosterBad
	case c.link.final != nil && c.link.final.Code == wire.CodeRemoved:
		return c.link.final
	case c.enrollment != nil || c.member.IsZero():
		return wire.Errorf(wire.CodeUnavailable, "This device has not finished joining the mesh.")
	}
	return nil
}

func (c *Core) commandSend(in Send) {
	m, err := c.compose(in)
	if err != nil {
		c.fail(in.Ref, err)
		return
	}
	e := &entry{Message: m}
	c.appendOutgoing(e)
	shown := c.named(e.Message)
	c.result(Result{Ref: in.Ref, Message: &shown})
}

// appendOutgoing puts a message into the outbox and at the end of its conversation.
func (c *Core) appendOutgoing(e *entry) {
	c.enqueue(e)
	c.append(&e.Message)
	c.answered(&e.Message)
	c.put(BucketOutbox, u64(e.counter), encode(e)) // with the message's place in the log
}

// compose makes a message of a draft, or says why it cannot be sent.
func (c *Core) compose(in Send) (MessageView, error) {
	var none MessageView
	d := in.Draft
	if problem := c.usable(); problem != nil {
		return none, problem
	}
	m := MessageView{
		Conversation: d.Conversation, From: c.member, FromDevice: c.id, Text: d.Text, Type: d.Type, Priority: d.Priority,
		ReplyTo: d.ReplyTo, Session: d.Session, FromSession: d.FromSession, SentAt: c.milliseconds(), State: Sending,
	}
	if m.FromSession.IsZero() && !c.device.OneShot {
		m.FromSession = c.device.Session
	}
	if m.Type == "" {
		m.Type = string(message.TypeText)
	}
	if m.Priority > wire.PriorityNow || m.Type == string(message.TypeReceipt) {
		return none, wire.Errorf(wire.CodeMalformed, "This priority or type of message is not known.")
	}
	if strings.TrimSpace(m.Text) == "" {
		return none, wire.Errorf(wire.CodeMalformed, "There is nothing to send: the text is empty.")
	}
	if d.Target != "" {
		r := c.Resolve(d.Target)
		if r.Problem != nil {
			if strings.TrimSpace(d.Target) == "*" && r.Problem.Code == wire.CodeNotFound {
				return none, wire.Errorf(wire.CodeNotFound, "Nobody else is in this mesh yet.%s", c.siblings(m.FromSession))
			}
			return none, r.Problem
		}
		m.Conversation = r.Conversation
		if m.Session.IsZero() {
			m.Session = r.Session
		}
	}
	topic, members, err := m.Conversation.Parse()
	if err != nil {
		return none, err
	}
	if members == nil {
		view, ok := c.roster.Topic(topic)
		if !ok || view.Archived {
			return none, wire.Errorf(wire.CodeNotFound, "There is no such topic in this mesh.")
		}
		m.Topic = topic
	} else if m.To = members; !c.present(members) {
		return none, wire.Refuse(wire.CodeUnknownMember)
	}
	if m.Session.IsZero() {
		m.Session = c.repliedSession(in.Replied, &m)
	}
	if c.toSelf(&m) {
		if err := c.checkSelf(&m); err != nil {
			return none, err
		}
	}
	m.Mentions = c.mentions(m.Text)
	if _, err := c.plain(&entry{Message: m}); err != nil {
		return none, err
	}
	return m, nil
}

// repliedSession is the session that a reply goes back to: the one that the message came from, where the reply reaches its sender.
// What a session adds to its own message to another one goes where that went.
func (c *Core) repliedSession(row []byte, reply *MessageView) (none wire.SessionID) {
	var m MessageView
	if row == nil || wire.DecodeKnownJSON(row, &m) != nil {
		return none
	}
	if m.From == c.member {
		switch {
		case !c.toSelf(&m) || !c.toSelf(reply):
			return none
		case m.FromSession == reply.FromSession:
			return m.Session
		}
		return m.FromSession
	}
	if m.Conversation != reply.Conversation && !slices.Contains(reply.To, m.From) {
		return none
	}
	return m.FromSession
}

func (c *Core) present(members []wire.MemberID) bool {
	return !slices.ContainsFunc(members, func(id wire.MemberID) bool {
		m, ok := c.roster.Member(id)
		return !ok || m.Standing != roster.Present
	})
}

func (c *Core) commandResend(in Resend) {
	if problem := c.usable(); problem != nil {
		c.fail(in.Ref, problem)
		return
	}
	var m MessageView
	if err := wire.DecodeKnownJSON(in.Row, &m); err != nil {
		c.fail(in.Ref, wire.Errorf(wire.CodeStorage, "The message could not be read from this device's store."))
		return
	}
	if m.State != Failed || m.FromDevice != c.id {
		c.fail(in.Ref, wire.Errorf(wire.CodeMalformed, "Only a message that failed here can be sent again."))
		return
	}
	c.delete(BucketMessageID, slices.Clone(m.ID[:]))
	m.State, m.Error, m.SentAt = Sending, nil, c.milliseconds()
	e := &entry{Message: m}
	c.enqueue(e)
	c.update(&e.Message, false)
	shown := c.named(e.Message)
	c.result(Result{Ref: in.Ref, Message: &shown})
}
