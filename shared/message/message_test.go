package message_test

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/wire"
)

func text(s string) message.Message {
	return message.Message{Type: message.TypeText, SentAt: 1, Head: wire.Head{1}, Text: s}
}

func TestEncode(t *testing.T) {
	data, err := message.Encode(text("hello <b> & \u2028"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Decode(data)
	if err != nil || m.Text != "hello <b> & \u2028" || m.Version != message.Version {
		t.Errorf("%s reads as %+v (%v)", data, m, err)
	}
	for name, c := range map[string]struct {
		change func(*message.Message)
		code   wire.Code
	}{
		"unknown type":      {func(m *message.Message) { m.Type = "poll" }, wire.CodeUnknownKind},
		"no type":           {func(m *message.Message) { m.Type = "" }, wire.CodeUnknownKind},
		"no head":           {func(m *message.Message) { m.Head = wire.Head{} }, wire.CodeMalformed},
		"past 2^53":         {func(m *message.Message) { m.SentAt = 1 << 53 }, wire.CodeMalformed},
		"before 1970":       {func(m *message.Message) { m.SentAt = -1 }, wire.CodeMalformed},
		"no text":           {func(m *message.Message) { m.Text = "" }, wire.CodeMalformed},
		"not UTF-8":         {func(m *message.Message) { m.Text = "a\xff" }, wire.CodeMalformed},
		"read in a text":    {func(m *message.Message) { m.Read = []wire.MessageID{{1}} }, wire.CodeMalformed},
		"answer to nothing": {func(m *message.Message) { m.Type = message.TypeAnswer }, wire.CodeMalformed},
		"text in a receipt": {func(m *message.Message) { m.Type, m.Read = message.TypeReceipt, []wire.MessageID{{1}} }, wire.CodeMalformed},
		"empty receipt":     {func(m *message.Message) { m.Type, m.Text = message.TypeReceipt, "" }, wire.CodeMalformed},
		"too large":         {func(m *message.Message) { m.Text = strings.Repeat("a", wire.MaxMessage) }, wire.CodeTooLarge},
	} {
		m := text("a")
		c.change(&m)
		if _, err := message.Encode(m); wire.CodeOf(err) != c.code {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
}

func TestSizeCountsWhatIsWritten(t *testing.T) {
	overhead, err := message.Encode(text("a"))
	if err != nil {
		t.Fatal(err)
	}
	most := wire.MaxMessage - len(overhead) + 1
	if data, err := message.Encode(text(strings.Repeat("<", most))); err != nil || len(data) != wire.MaxMessage {
		t.Errorf("the largest message: %d bytes, %v", len(data), err)
	}
	if _, err := message.Encode(text(strings.Repeat("a", most+1))); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("one byte more: %v", err)
	}
}
