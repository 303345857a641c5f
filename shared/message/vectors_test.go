package message_test

import (
	"testing"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/vectors"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "message", map[string]func(*vectors.Case) error{"message": func(c *vectors.Case) error {
		m, err := message.Decode(c.Bytes("json"))
		if err != nil {
			return err
		}
		c.WantText("type", string(m.Type))
		c.WantNumber("sent_at", uint64(m.SentAt))
		c.Want("head", m.Head[:])
		var mentions, read []byte
		for _, id := range m.Mentions {
			mentions = append(mentions, id[:]...)
		}
		for _, id := range m.Read {
			read = append(read, id[:]...)
		}
		want := func(name string, got []byte, none bool) {
			if none != c.Has(name) {
				return
			}
			if none {
				c.Errorf("%s is missing", name)
				return
			}
			c.Want(name, got)
		}
		want("text", []byte(m.Text), m.Text == "")
		want("mentions", mentions, mentions == nil)
		want("read", read, read == nil)
		want("reply_to", m.ReplyTo[:], m.ReplyTo.IsZero())
		want("session", m.Session[:], m.Session.IsZero())
		want("from_session", m.FromSession[:], m.FromSession.IsZero())
		if !m.Type.Known() {
			return nil
		}
		data, err := message.Encode(m)
		if err != nil {
			return err
		}
		again, err := message.Decode(data)
		if err != nil {
			return err
		}
		if second, err := message.Encode(again); err != nil || string(second) != string(data) {
			c.Errorf("written again it is %s (%v)", second, err)
		}
		return nil
	}})
}
