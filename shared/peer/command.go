package peer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/address"
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
		c.result(Result{Ref: in.Ref})
	case Settle:
		c.result(Result{Ref: in.Ref})
	case EndSession:
		c.result(Result{Ref: in.Ref})
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
	m, err := c.compose(in.Draft)
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
	c.put(BucketOutbox, u64(e.counter), encode(e)) // with the message's place in the log
}

// compose makes a message of a draft, or says why it cannot be sent.
func (c *Core) compose(d Draft) (MessageView, error) {
	var none MessageView
	if problem := c.usable(); problem != nil {
		return none, problem
	}
	m := MessageView{
		Conversation: d.Conversation, From: c.member, FromDevice: c.id, Text: d.Text, Type: d.Type, Priority: d.Priority,
		ReplyTo: d.ReplyTo, Session: d.Session, FromSession: c.device.Session, SentAt: c.milliseconds(), State: Sending,
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
			return none, r.Problem
		}
		m.Conversation = r.Conversation
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
	} else if slices.Equal(members, []wire.MemberID{c.member}) && len(c.roster.DevicesOf(c.member)) < 2 {
		return none, wire.Errorf(wire.CodeNotFound, "You have no other device in this mesh that this could go to.")
	}
	m.Mentions = c.mentions(m.Text)
	if _, err := c.plain(&entry{Message: m}); err != nil {
		return none, err
	}
	return m, nil
}

func (c *Core) present(members []wire.MemberID) bool {
	return !slices.ContainsFunc(members, func(id wire.MemberID) bool {
		m, ok := c.roster.Member(id)
		return !ok || m.Standing != roster.Present
	})
}

// maxMentions bounds what a message says of whom it names.
const maxMentions = 32

// mentions are the members that the text names with @, where the name leaves no doubt. A name may have spaces in it: the
// longest that stands there counts.
func (c *Core) mentions(text string) []wire.MemberID {
	if !strings.Contains(text, "@") {
		return nil
	}
	var found []wire.MemberID
	directory := c.directory()
	for at, sign := range text {
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		if sign != '@' || inWord(before) || len(found) >= maxMentions {
			continue
		}
		r, err := address.Resolve("@"+named(text[at+1:], directory), directory)
		if err == nil && r.Kind == address.One && !slices.Contains(found, r.Members[0]) {
			found = append(found, r.Members[0])
		}
	}
	return found
}

// named is the longest member's name that a text begins with, or else its first word.
func named(text string, in address.Directory) string {
	longest := ""
	for _, m := range in.Members {
		if n := len(m.Name); n > len(longest) && n <= len(text) && strings.EqualFold(text[:n], m.Name) {
			if after, _ := utf8.DecodeRuneInString(text[n:]); n == len(text) || !inWord(after) {
				longest = m.Name
			}
		}
	}
	if longest != "" {
		return longest
	}
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, ".,;:!?)\"'")
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

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

// commandMarkRead tells the senders of direct messages, and the own other devices, what was shown here.
func (c *Core) commandMarkRead(in MarkRead) {
	topic, _, err := in.Conversation.Parse()
	if err != nil {
		c.fail(in.Ref, err)
		return
	}
	var senders []wire.MemberID
	bySender := map[wire.MemberID][]wire.MessageID{}
	for _, u := range c.takeUnread(in.Conversation) {
		to := u.sender
		if !topic.IsZero() {
			to = c.member // who reads a topic is not told to everyone in it
		}
		if bySender[to] == nil {
			senders = append(senders, to)
		}
		bySender[to] = append(bySender[to], u.id)
	}
	for _, to := range senders {
		if c.usable() != nil || !c.present([]wire.MemberID{to}) || to == c.member && len(c.roster.DevicesOf(to)) < 2 {
			continue
		}
		for ids := range slices.Chunk(bySender[to], wire.MaxReceipt) {
			c.enqueue(&entry{
				Message: MessageView{Type: string(message.TypeReceipt), To: []wire.MemberID{to}, SentAt: c.milliseconds(), Priority: wire.PriorityLow},
				Read:    ids,
			})
		}
	}
	c.result(Result{Ref: in.Ref})
}
