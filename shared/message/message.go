// Package message is the plaintext inside an envelope: JSON with its bounds (docs/PROTOCOL.md, section 6).
//
// What it does not do: seal, send, or decide what is shown; a message says who it is from only through the envelope that
// carried it.
package message

import (
	"strings"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/wire"
)

// Version is the only version of messages.
const Version = 1

// Type says what a message is. Types that this version does not know are kept as they are; Known tells.
type Type string

// The types of section 6.
const (
	TypeText    Type = "text"
	TypeReceipt Type = "receipt"
	TypeAsk     Type = "ask"
	TypeAnswer  Type = "answer"
)

// Known reports whether t is one of the types of section 6.
func (t Type) Known() bool {
	switch t {
	case TypeText, TypeReceipt, TypeAsk, TypeAnswer:
		return true
	}
	return false
}

// word reports whether t is written as a type is: 1 to 32 of a–z, 0–9, '-' and '_'.
func (t Type) word() bool {
	for _, c := range []byte(t) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return t != "" && len(t) <= maxType
}

// Bounds on the fields of a message; the whole holds at most wire.MaxMessage bytes.
const (
	maxType     = 32 // bytes
	maxMentions = 64
)

// Message is one message. Fields that its type does not have are zero.
type Message struct {
	Version int  `json:"v"`
	Type    Type `json:"type"`
	// SentAt is the sender's clock, in milliseconds since 1970.
	SentAt int64 `json:"sent_at"`
	// Head is the sender's roster head.
	Head wire.Head `json:"head"`

	Text     string          `json:"text,omitzero"`
	Mentions []wire.MemberID `json:"mentions,omitempty"`
	ReplyTo  wire.MessageID  `json:"reply_to,omitzero"`
	// Session is the recipient's session that the message is meant for; FromSession the one that it comes from.
	Session     wire.SessionID `json:"session,omitzero"`
	FromSession wire.SessionID `json:"from_session,omitzero"`

	// Read are the messages that a receipt says were read.
	Read []wire.MessageID `json:"read,omitempty"`
}

// Encode checks a message, of which Version may be zero, and gives its JSON. One of an unknown type cannot be made here:
// wire.CodeUnknownKind. Other errors are those of Decode.
func Encode(m Message) ([]byte, error) {
	m.Version = Version
	if !m.Type.Known() {
		return nil, wire.Errorf(wire.CodeUnknownKind, "a message of type %q cannot be sent", m.Type)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	data, err := wire.EncodeJSON(m)
	if err != nil {
		return nil, wire.Errorf(wire.CodeMalformed, "the message cannot be written as JSON")
	}
	if len(data) > wire.MaxMessage {
		return nil, errSize
	}
	return data, nil
}

// Decode reads a message. It ignores fields that it does not know and keeps types that it does not know, of which it gives
// the fields that every message has. A message over the bound is wire.CodeTooLarge, one of another version
// wire.CodeUnsupported, anything else that does not fit wire.CodeMalformed.
func Decode(data []byte) (Message, error) {
	if len(data) > wire.MaxMessage {
		return Message{}, errSize
	}
	var base struct {
		Version int       `json:"v"`
		Type    Type      `json:"type"`
		SentAt  int64     `json:"sent_at"`
		Head    wire.Head `json:"head"`
	}
	if err := wire.DecodeKnownJSON(data, &base); err != nil {
		return Message{}, err
	}
	if base.Version != Version {
		return Message{}, wire.Errorf(wire.CodeUnsupported, "this message is of version %d. Update claudemesh.", base.Version)
	}
	m := Message{Version: base.Version, Type: base.Type, SentAt: base.SentAt, Head: base.Head}
	if err := m.decodeFields(data); err != nil {
		return Message{}, errMessage
	}
	if err := m.check(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// decodeFields reads the fields that the message's type has; those of other types are ignored like any unknown field.
func (m *Message) decodeFields(data []byte) error {
	switch m.Type {
	case TypeText, TypeAsk, TypeAnswer:
		var f struct {
			Text        string          `json:"text"`
			Mentions    []wire.MemberID `json:"mentions"`
			ReplyTo     wire.MessageID  `json:"reply_to"`
			Session     wire.SessionID  `json:"session"`
			FromSession wire.SessionID  `json:"from_session"`
		}
		err := wire.DecodeKnownJSON(data, &f)
		m.Text, m.Mentions, m.ReplyTo, m.Session, m.FromSession = f.Text, f.Mentions, f.ReplyTo, f.Session, f.FromSession
		return err
	case TypeReceipt:
		var f struct {
			Read []wire.MessageID `json:"read"`
		}
		err := wire.DecodeKnownJSON(data, &f)
		m.Read = f.Read
		return err
	}
	return nil
}

// check holds what is in a message to section 6, whichever side made it.
func (m *Message) check() error {
	if !m.Type.word() || m.SentAt < 0 || m.SentAt > wire.MaxJSONNumber || m.Head.IsZero() {
		return errMessage
	}
	hasText := m.Text != "" || m.Mentions != nil || !m.ReplyTo.IsZero() || !m.Session.IsZero() || !m.FromSession.IsZero()
	switch m.Type {
	case TypeText, TypeAsk, TypeAnswer:
		if strings.TrimSpace(m.Text) == "" || !utf8.ValidString(m.Text) || len(m.Mentions) > maxMentions || m.Read != nil {
			return errMessage
		}
		if m.Type == TypeAnswer && m.ReplyTo.IsZero() {
			return errMessage
		}
	case TypeReceipt:
		if hasText || len(m.Read) < 1 || len(m.Read) > wire.MaxReceipt {
			return errMessage
		}
	}
	return nil
}

var (
	errMessage = wire.Errorf(wire.CodeMalformed, "a message lacks what its type needs or has more than it may")
	errSize    = wire.Errorf(wire.CodeTooLarge, "a message holds at most %d bytes", wire.MaxMessage)
)
