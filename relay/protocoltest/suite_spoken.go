package protocoltest

import (
	"runtime"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// Card sends a card for a session; zero is the connection's own.
func (c *Client) Card(session wire.SessionID, version uint64) {
	c.t.Helper()
	c.Write(wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: version, Card: []byte("sealed"), Session: session}))
}

// Bye ends a session; zero is the connection.
func (c *Client) Bye(session wire.SessionID) {
	c.t.Helper()
	c.Write(wire.AppendBye(nil, session))
}

// spoken is a connection that speaks for sessions of its device (section 10).
func spoken(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	watcher := m.ConnectAs(t, m.Owner, wire.SessionID{7}, true)
	watcher.Presence()
	one, two := wire.SessionID{1}, wire.SessionID{2}

	his := m.ConnectAs(t, bob, wire.SessionID{9}, true)
	if full := his.Presence(); len(full.Sessions) != 1 {
		t.Errorf("a one-shot connection that speaks for nobody is told of itself: %+v", full)
	}
	his.Card(one, 1)
	his.Card(two, 1)
	watcher.Sees(bob, wire.StateOnline, one, two)
	his.Card(two, 2)
	if s := watcher.Sees(bob, wire.StateOnline, two)[0]; s.CardVersion != 2 || string(s.Card) != "sealed" {
		t.Errorf("the card of a spoken session arrives as %+v", s)
	}
	his.Bye(one)
	watcher.Sees(bob, wire.StateOffline, one)

	// The connection goes on, and begins it anew.
	his.Card(one, 2)
	watcher.Sees(bob, wire.StateOnline, one)

	// All share the end of the connection, and wait for the next.
	his.HangUp()
	watcher.Sees(bob, wire.StateAway, one, two)
	back := m.ConnectAs(t, bob, wire.SessionID{8}, true)
	back.Card(one, 3)
	watcher.Sees(bob, wire.StateOnline, one)
	back.Bye(two) // it ended while nobody spoke for it
	watcher.Sees(bob, wire.StateOffline, two)
	back.Card(two, 3)
	watcher.Sees(bob, wire.StateOnline, two)
	back.Bye(wire.SessionID{})
	watcher.Sees(bob, wire.StateOffline, one, two)

	// A lasting connection has its own beside them, and an empty bye ends that too.
	lasting := m.Connect(t, bob)
	watcher.Sees(bob, wire.StateOnline, lasting.Session)
	lasting.Card(wire.SessionID{}, 1)
	watcher.Sees(bob, wire.StateOnline, lasting.Session)
	lasting.Card(one, 4)
	watcher.Sees(bob, wire.StateOnline, one)
	lasting.Card(lasting.Session, 2) // the same as without
	if s := watcher.Sees(bob, wire.StateOnline, lasting.Session)[0]; s.CardVersion != 2 {
		t.Errorf("the own card arrives as %+v", s)
	}
	lasting.Bye(wire.SessionID{})
	gone := watcher.Sees(bob, wire.StateOffline, one, lasting.Session)
	for Now() == uint64(gone[0].Since) { // or what the removal tells of lasting is what was told now, and passed over
		runtime.Gosched()
	}

	// A member that is removed leaves nothing behind.
	last := m.ConnectAs(t, bob, wire.SessionID{9}, true)
	last.Card(one, 5)
	last.Card(two, 5)
	watcher.Sees(bob, wire.StateOnline, one, two)
	if reply := owner.Append(wire.Append{Statement: m.Draft(m.Owner, m.Removal(bob))}); reply.Error != nil {
		t.Fatalf("the removal is refused: %v", reply.Error)
	}
	watcher.Sees(bob, wire.StateOffline, one, two, lasting.Session)
}

// spokenRefused is what a relay refuses of sessions beside the connection's own.
func spokenRefused(t *testing.T, x Target) {
	m := Found(t, x)
	lasting := m.Connect(t, m.Owner)
	his := m.ConnectAs(t, m.Owner, wire.SessionID{9}, true)
	stranger := m.Add(t, lasting)
	another := m.Connect(t, stranger)
	mine, unknown := wire.SessionID{1}, wire.SessionID{2}
	his.Card(mine, 1)
	for _, c := range []struct {
		name string
		by   *Client
		do   func()
		want wire.Code
	}{
		{"a card of a one-shot connection", his, func() { his.Card(wire.SessionID{}, 1) }, wire.CodeUnsupported},
		{"the same by its id", his, func() { his.Card(his.Session, 1) }, wire.CodeUnsupported},
		{"a card for another connection's own session", his, func() { his.Card(lasting.Session, 1) }, wire.CodeInUse},
		{"a card without a version", his, func() { his.Card(unknown, 0) }, wire.CodeMalformed},
		{"a bye of a session that nobody knows", his, func() { his.Bye(unknown) }, wire.CodeNotFound},
		{"a bye of the own session", lasting, func() { lasting.Bye(lasting.Session) }, wire.CodeNotFound},
		{"a bye of another connection's own", his, func() { his.Bye(lasting.Session) }, wire.CodeNotFound},
		{"a bye of what another connection speaks for", lasting, func() { lasting.Bye(mine) }, wire.CodeNotFound},
		{"a bye of another device's", another, func() { another.Bye(mine) }, wire.CodeNotFound},
		{"a card for what a newer connection speaks for", lasting, func() { lasting.Card(mine, 9) }, wire.CodeSuperseded},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.by.t = t
			c.do()
			c.by.Complains(c.want)
		})
	}
	lasting.t, his.t, another.t = t, t, t

	for n := range wire.MaxSpoken {
		his.Card(wire.SessionID{1, byte(n)}, 2)
	}
	his.Card(wire.SessionID{3}, 1)
	his.Complains(wire.CodeRateLimited)
	his.Bye(wire.SessionID{1, 5})
	his.Card(wire.SessionID{3}, 1)
	his.Ping()
	if full := m.Connect(t, stranger).Presence(); len(online(full, m.Owner)) != 1+wire.MaxSpoken {
		t.Errorf("%d sessions of the owner's device are online, want the own one and %d", len(online(full, m.Owner)), wire.MaxSpoken)
	}

	// The id is a device's own affair: another device may use the same.
	another.Card(mine, 1)
	another.Ping()
}

// Ping waits until the relay took everything that was sent before; an error frame would come first.
func (c *Client) Ping() {
	c.t.Helper()
	c.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)))
	c.Read(wire.FramePong)
}

// online are the sessions of a device that are online.
func online(p wire.Presence, d *Device) (list []wire.SessionID) {
	for _, s := range p.Sessions {
		if s.Device == d.ID && s.State == wire.StateOnline {
			list = append(list, s.Session)
		}
	}
	return list
}

// spokenPass is a session that goes from one connection of its device to another, and is never seen away.
func spokenPass(t *testing.T, x Target) {
	m := Found(t, x)
	watcher := m.Connect(t, m.Owner)
	bob := m.Add(t, watcher)
	one, two, three := wire.SessionID{1}, wire.SessionID{2}, wire.SessionID{3}

	// By a card of the newer connection.
	older := m.ConnectAs(t, bob, wire.SessionID{8}, true)
	older.Card(one, 1)
	watcher.Sees(bob, wire.StateOnline, one)
	newer := m.ConnectAs(t, bob, wire.SessionID{9}, true)
	newer.Card(one, 2)
	watcher.Sees(bob, wire.StateOnline, one)
	older.Bye(wire.SessionID{})
	older.Until(wire.FrameClose)
	newer.Card(one, 3)
	watcher.Sees(bob, wire.StateOnline, one)

	// By a hello: it is that connection's own then.
	own := m.ConnectAs(t, bob, one, false)
	newer.Card(one, 4)
	newer.Complains(wire.CodeInUse)
	newer.Bye(wire.SessionID{})
	newer.Until(wire.FrameClose)
	own.Card(wire.SessionID{}, 5)
	if s := watcher.Sees(bob, wire.StateOnline, one)[0]; s.CardVersion != 5 {
		t.Errorf("after the hello it is %+v", s)
	}

	// By a connection that comes back in the same session, over which the older one is closed.
	own.Card(two, 1)
	own.Card(three, 1)
	watcher.Sees(bob, wire.StateOnline, two, three)
	back := m.ConnectAs(t, bob, one, false)
	own.Closes(wire.CodeSuperseded)
	back.Card(two, 2)
	watcher.Sees(bob, wire.StateOnline, two)
	back.Bye(three)
	watcher.Sees(bob, wire.StateOffline, three)
}
