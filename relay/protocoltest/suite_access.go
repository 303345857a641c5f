package protocoltest

import (
	"reflect"
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// access is what a device may not do (docs/PROTOCOL.md, section 8).
func access(t *testing.T, x Target) {
	m, elsewhere := Found(t, x), Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob, eve := m.Add(t, owner), m.Add(t, owner)
	owner.Send(0, m.Direct(m.Owner, 100, bob.Member))
	accepted := owner.Accepted(1)
	theirs := m.Connect(t, eve)
	foreign := []wire.Stream{
		wire.InboxStream(bob.Member), wire.InboxStream(elsewhere.Owner.Member),
		wire.RosterStream(elsewhere.ID),
	}
	for _, stream := range foreign {
		theirs.Tail(0, stream)
		theirs.Complains(wire.CodeForbidden)
		theirs.Write(wire.AppendCursor(nil, wire.Cursor{Stream: stream, Position: wire.MaxPosition}))
		theirs.Complains(wire.CodeForbidden)
	}
	theirs.Tail(0, wire.TopicStream(wire.GeneralTopic(elsewhere.ID)))
	theirs.Complains(wire.CodeNotFound)

	// Nothing was read or marked: bob gets all of it, and only then does the sender hear of it.
	inbox := wire.InboxStream(bob.Member)
	reader := m.Connect(t, bob)
	reader.Tail(0, inbox)
	if d, _ := reader.Delivery(); d.Position != positionFor(accepted, bob.Member) {
		t.Errorf("delivered at %d, accepted at %d", d.Position, positionFor(accepted, bob.Member))
	}
	reader.Live(inbox)
	reader.Write(wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: wire.MaxPosition}))
	if got, err := wire.ParseDelivered(owner.Read(wire.FrameDelivered)); err != nil || got.Device != bob.ID {
		t.Errorf("delivered %+v (%v), want bob's device", got, err)
	}

	t.Run("after removal", func(t *testing.T) {
		raw := m.Draft(m.Owner, m.Removal(eve))
		if reply := owner.Append(wire.Append{Statement: raw}); reply.Error != nil {
			t.Fatalf("the removal is refused: %v", reply.Error)
		}
		m.fold(t, raw)
		theirs.Closes(wire.CodeRemoved)
		c := m.Dial(t)
		c.Write(c.Hello(wire.Hello{Device: eve.ID, Session: wire.SessionID{1}, Origin: x.Origin}, eve))
		c.Closes(wire.CodeRemoved)
	})
}

// Removal takes a member with one device, and gives the others a new root key.
func (m *Mesh) Removal(d *Device) roster.Body {
	body := &roster.MemberRemoved{Member: d.Member, Last: []roster.LastCounter{{Device: d.ID, Counter: d.Counter}}}
	body.Rotation.Commitment = [wire.CommitmentSize]byte(Random(wire.CommitmentSize))
	for member := range m.Roster.Members() {
		if member.ID == d.Member {
			continue
		}
		for _, device := range m.Roster.DevicesOf(member.ID) {
			body.Rotation.Wraps = append(body.Rotation.Wraps, roster.Wrap{Device: device})
		}
	}
	return body
}

// presence is what others see of sessions (docs/PROTOCOL.md, section 10).
func presence(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	watcher := m.ConnectAs(t, m.Owner, wire.SessionID{7}, true)
	if full := watcher.Presence(); !full.Full || len(full.Sessions) != 1 || full.Sessions[0].Session != owner.Session || full.Sessions[0].State != wire.StateOnline {
		t.Errorf("at first %+v", full)
	}

	his := m.Connect(t, bob)
	watcher.Sees(bob, wire.StateOnline, his.Session)
	his.Card(wire.SessionID{}, 1)
	if s := watcher.Sees(bob, wire.StateOnline, his.Session)[0]; s.CardVersion != 1 || string(s.Card) != "sealed" {
		t.Errorf("the card arrives as %+v", s)
	}
	his.HangUp()
	watcher.Sees(bob, wire.StateAway, his.Session)
	back := m.ConnectAs(t, bob, his.Session, false)
	if s := watcher.Sees(bob, wire.StateOnline, his.Session)[0]; s.CardVersion != 1 {
		t.Errorf("the card is gone after a reconnect: %+v", s)
	}
	back.Bye(wire.SessionID{})
	watcher.Sees(bob, wire.StateOffline, his.Session)
}

// Presence reads the next presence frame.
func (c *Client) Presence() wire.Presence {
	c.t.Helper()
	var p wire.Presence
	c.ReadJSON(wire.FramePresence, &p)
	return p
}

// Sees is what a connection is told next of sessions of a device: each of these once, in this state. Presence of others is
// passed over, and what was told before and is told again as it was.
func (c *Client) Sees(d *Device, state string, sessions ...wire.SessionID) (seen []wire.SessionState) {
	c.t.Helper()
	for left := slices.Clone(sessions); len(left) > 0; {
		for _, s := range c.Presence().Sessions {
			if s.Device != d.ID || reflect.DeepEqual(c.seen[s.Session], s) {
				continue
			}
			at := slices.Index(left, s.Session)
			if at < 0 || s.State != state || s.Member != d.Member || s.Since == 0 {
				c.t.Fatalf("presence is %+v, want %s %s", s, left, state)
			}
			left = slices.Delete(left, at, at+1)
			if c.seen == nil {
				c.seen = make(map[wire.SessionID]wire.SessionState)
			}
			c.seen[s.Session] = s
			seen = append(seen, s)
		}
	}
	return seen
}
