package protocoltest

import (
	"bytes"
	"testing"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// frames is what a relay does with frames that are not what section 9 describes.
func frames(t *testing.T, x Target) {
	m := Found(t, x)
	inbox := wire.InboxStream(m.Owner.Member)
	frame := func(kind wire.FrameType, payload []byte) []byte { return wire.AppendFrame(nil, kind, payload) }
	json := func(kind wire.FrameType, text string) []byte { return frame(kind, []byte(text)) }
	cursor := wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: 1})[wire.FrameHeader:]
	badKind := bytes.Clone(cursor)
	badKind[0] = 9
	badPosition := bytes.Clone(cursor)
	badPosition[33] = 0xff

	// After an error frame the connection goes on.
	c := m.Connect(t, m.Owner)
	for _, bad := range []struct {
		name    string
		message []byte
		want    wire.Code
	}{
		{"an unknown type", frame(0x7f, []byte("x")), wire.CodeUnknownFrame},
		{"a type of the relay", frame(wire.FrameWelcome, []byte("{}")), wire.CodeUnknownFrame},
		{"a ping of seven bytes", frame(wire.FramePing, make([]byte, 7)), wire.CodeMalformed},
		{"a bye of one byte", frame(wire.FrameBye, []byte("x")), wire.CodeMalformed},
		{"a bye of two sessions", frame(wire.FrameBye, bytes.Repeat([]byte("x"), 2*wire.ShortIDSize)), wire.CodeMalformed},
		{"a bye of a session of zeros", frame(wire.FrameBye, make([]byte, wire.ShortIDSize)), wire.CodeMalformed},
		{"a short cursor", frame(wire.FrameCursor, cursor[:40]), wire.CodeMalformed},
		{"a long cursor", frame(wire.FrameCursor, append(bytes.Clone(cursor), 0)), wire.CodeMalformed},
		{"a cursor in an unknown kind of stream", frame(wire.FrameCursor, badKind), wire.CodeMalformed},
		{"a position of 2^53 and more", frame(wire.FrameCursor, badPosition), wire.CodeMalformed},
		{"a short send", frame(wire.FrameSend, make([]byte, 7)), wire.CodeMalformed},
		{"a tail without streams", json(wire.FrameTail, `{"streams":[]}`), wire.CodeMalformed},
		{"a tail of an unknown kind", json(wire.FrameTail, `{"streams":[{"kind":"log","id":"`+m.ID.String()+`","after":0}]}`), wire.CodeMalformed},
		{"a tail with an unknown field", json(wire.FrameTail, `{"streams":[],"all":true}`), wire.CodeUnknownField},
		{"a tail that is no JSON", json(wire.FrameTail, `tail`), wire.CodeMalformed},
		{"a track that is no JSON", json(wire.FrameTrack, `{`), wire.CodeMalformed},
		{"a card without a version", json(wire.FrameCard, `{"version":0,"card":"AAAA"}`), wire.CodeMalformed},
		{"a card for what is no session", json(wire.FrameCard, `{"version":1,"card":"AAAA","session":"00"}`), wire.CodeMalformed},
		{"a card that is too large", wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: 1, Card: make([]byte, wire.MaxCard+1)}), wire.CodeTooLarge},
		{"JSON that is too large", frame(wire.FrameTail, bytes.Repeat([]byte(" "), wire.MaxJSON+1)), wire.CodeTooLarge},
		{"an append without a ref", json(wire.FrameAppend, `{"ref":0,"statement":""}`), wire.CodeMalformed},
		{"an append with an unknown field", json(wire.FrameAppend, `{"ref":1,"statement":"","force":true}`), wire.CodeUnknownField},
	} {
		t.Run(bad.name, func(t *testing.T) {
			c.t = t
			c.Write(bad.message)
			c.Complains(bad.want)
		})
	}
	c.t = t
	c.Write(append(frame(wire.FramePing, []byte("12345678")), frame(wire.FramePing, []byte("87654321"))...))
	if first, second := c.Read(wire.FramePong), c.Read(wire.FramePong); string(first) != "12345678" || string(second) != "87654321" {
		t.Errorf("two pings in one message are answered with %q and %q", first, second)
	}

	// Behind what is no frame nothing can be found again, so the connection ends.
	for _, bad := range []struct {
		name    string
		message []byte
		want    wire.Code
	}{
		{"an empty message", nil, wire.CodeMalformed},
		{"a frame cut short", []byte{byte(wire.FramePing), 0, 0, 0, 8, 1}, wire.CodeMalformed},
		{"half a header", []byte{byte(wire.FramePing), 0}, wire.CodeMalformed},
		{"a byte behind a frame", append(frame(wire.FramePing, make([]byte, 8)), 1), wire.CodeMalformed},
		{"a length over the bound", []byte{byte(wire.FrameSend), 0xff, 0xff, 0xff, 0xff}, wire.CodeTooLarge},
		{"a message over the bound", bytes.Repeat(frame(wire.FramePing, make([]byte, 8)), wire.MaxSocketMessage/13+1), wire.CodeTooLarge},
	} {
		t.Run(bad.name, func(t *testing.T) {
			c := m.Connect(t, m.Owner)
			c.Write(bad.message)
			for pongs := true; pongs; {
				f, ok := c.Next()
				if !ok {
					t.Fatalf("the connection ended without a close frame: %v", c.ended)
				}
				if pongs = f.Type == wire.FramePong || f.Type == wire.FramePresence; !pongs {
					c.rest = append(wire.AppendFrame(nil, f.Type, f.Payload), c.rest...)
				}
			}
			c.Closes(bad.want)
		})
	}
}

// appending is what a relay refuses of statements; the rules themselves are the roster's, and tested there.
func appending(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	member := m.Add(t, owner)
	by := m.Connect(t, member)
	topic := func() roster.Body { return &roster.Topic{Sealed: Sealed()} }
	stale := m.Draft(m.Owner, topic())
	if reply := owner.Append(wire.Append{Statement: stale}); reply.Error != nil || *reply.Head != headAfter(t, m, stale) {
		t.Fatalf("a topic is answered with %+v", reply)
	}
	m.fold(t, stale)

	broken := m.Draft(m.Owner, topic())
	broken[len(broken)-1] ^= 1
	late := m.Roster.Draft(m.Owner.ID, Now()-360_000, topic())
	i := m.NewInvite(t, 1, NextHour())
	unsigned := *i.Body
	unsigned.Signature[0] ^= 1
	for _, c := range []struct {
		name   string
		client *Client
		append wire.Append
		want   wire.Code
	}{
		{"no statement", owner, wire.Append{Statement: []byte{}}, wire.CodeMalformed},
		{"on an older head", owner, wire.Append{Statement: m.Owner.statement(staleDraft(m))}, wire.CodeStaleHead},
		{"a bad signature", owner, wire.Append{Statement: broken}, wire.CodeBadSignature},
		{"another's statement", by, wire.Append{Statement: m.Draft(m.Owner, topic())}, wire.CodeForbidden},
		{"a slow clock", owner, wire.Append{Statement: m.Owner.statement(late)}, wire.CodeClockSkew},
		{"more than the role allows", by, wire.Append{Statement: m.Draft(member, &roster.Role{Member: member.Member, Role: wire.RoleOwner})}, wire.CodeForbidden},
		{"an invite without its escrow", owner, wire.Append{Statement: m.Draft(m.Owner, i.Body), Preview: i.Preview}, wire.CodeMalformed},
		{"an invite with another escrow", owner, wire.Append{Statement: m.Draft(m.Owner, i.Body), Escrow: i.Preview, Preview: i.Preview}, wire.CodeMalformed},
		{"an escrow that is too large", owner, wire.Append{Statement: m.Draft(m.Owner, i.Body), Escrow: make([]byte, wire.MaxEscrow+1), Preview: i.Preview}, wire.CodeTooLarge},
		{"an escrow with something else", owner, wire.Append{Statement: m.Draft(m.Owner, topic()), Escrow: i.Escrow}, wire.CodeMalformed},
		{"an invite that its issuer did not sign", owner, wire.Append{Statement: m.Draft(m.Owner, &unsigned), Escrow: i.Escrow, Preview: i.Preview}, wire.CodeBadSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.client.t = t
			reply := c.client.Append(c.append)
			if reply.Error == nil || reply.Error.Code != c.want {
				t.Errorf("answered with %+v, want %s", reply, c.want)
			}
		})
	}
	owner.t = t
	first := owner.Append(wire.Append{Statement: stale})
	if first.Error != nil || first.Position == 0 {
		t.Errorf("a repeat is answered with %+v", first)
	}
}

func headAfter(t *testing.T, m *Mesh, raw []byte) wire.Head {
	t.Helper()
	s, err := roster.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s.HeadAfter(m.Roster.Head())
}

// staleDraft is a topic on a head that was.
func staleDraft(m *Mesh) roster.Draft {
	d := m.Roster.Draft(m.Owner.ID, Now(), &roster.Topic{Sealed: Sealed()})
	genesis, err := roster.Parse(m.Statements[0])
	if err != nil {
		panic(err)
	}
	d.Prev = genesis.HeadAfter(wire.Head{})
	return d
}
