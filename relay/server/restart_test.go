package server_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

func openSQLite(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestProtocolOnSQLite(t *testing.T) {
	protocoltest.Run(t, start(t, openSQLite(t, t.TempDir()), nil).Target)
}

// Everything that the relay said is there after a restart: mesh, members, invites, messages, cursors, counters, sessions.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	database := openSQLite(t, dir)
	r := start(t, database, nil)
	m := protocoltest.Found(t, r.Target)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	invite := m.NewInvite(t, 2, protocoltest.NextHour()).Issue(t, owner)
	his := m.Connect(t, bob)
	inbox := wire.InboxStream(bob.Member)
	owner.Send(0, m.Direct(m.Owner, 100, bob.Member))
	owner.Accepted(1)
	his.Tail(0, inbox)
	first, _ := his.Delivery()
	his.Live(inbox)
	his.Write(wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: first.Position}))
	owner.Read(wire.FrameDelivered)
	owner.Send(1, m.Direct(m.Owner, 100, bob.Member))
	second := owner.Accepted(2).Placed[0].Position
	his.Delivery()
	go r.stop(t)
	owner.Closes(wire.CodeDraining)
	his.Closes(wire.CodeDraining)
	r.stop(t)
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}

	r = start(t, openSQLite(t, dir), nil)
	m.Target = r.Target
	owner = m.Connect(t, m.Owner)
	if owner.Welcome.LastCounter != 2 || owner.Welcome.Head != m.Roster.Head() {
		t.Errorf("welcome after the restart: %+v", owner.Welcome)
	}
	owner.Write(wire.AppendJSONFrame(nil, wire.FrameTrack, wire.Track{Items: []wire.TrackItem{
		{Member: bob.Member, Position: first.Position, Counter: 1}, {Member: bob.Member, Position: second, Counter: 2},
	}}))
	if d, err := wire.ParseDelivered(owner.Read(wire.FrameDelivered)); err != nil || d.Counter != 1 {
		t.Errorf("delivered %+v (%v), want what bob's cursor had passed", d, err)
	}
	back := m.ConnectAs(t, bob, his.Session, false)
	if p := back.Presence(); !p.Full || len(p.Sessions) < 2 {
		t.Errorf("presence after the restart: %+v", p)
	}
	back.Tail(first.Position, inbox)
	if d, _ := back.Delivery(); d.Position != second {
		t.Errorf("delivered at %d, want %d", d.Position, second)
	}
	if head := back.Live(inbox); head != second {
		t.Errorf("live at %d, want %d", head, second)
	}
	owner.Send(2, m.Direct(m.Owner, 100, bob.Member))
	if third := owner.Accepted(3).Placed[0].Position; third.Generation() <= second.Generation() {
		t.Errorf("position %d after the restart is of the generation of %d", third, second)
	}
	newcomer := protocoltest.NewDevice(t)
	invite.Claimed(t, newcomer, invite.Join(newcomer))
}
