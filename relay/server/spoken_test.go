package server_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

var first, second, third = wire.SessionID{1}, wire.SessionID{2}, wire.SessionID{3}

// states are the sessions of a device as a newcomer is told of them.
func states(t *testing.T, m *protocoltest.Mesh, d *protocoltest.Device) map[wire.SessionID]string {
	t.Helper()
	c := m.ConnectAs(t, m.Owner, wire.SessionID{99}, true)
	defer c.HangUp()
	list := map[wire.SessionID]string{}
	for _, s := range c.Presence().Sessions {
		if s.Device == d.ID {
			list[s.Session] = s.State
		}
	}
	return list
}

// A device that is not back in time is offline, with everything that it spoke for; one that is back speaks for what goes on.
func TestSpokenSessionsAreAwayForTheGrace(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		watcher := m.Connect(t, m.Owner)
		bob := m.Add(t, watcher)
		his := m.ConnectAs(t, bob, wire.SessionID{9}, true)
		his.Card(first, 1)
		his.Card(second, 1)
		watcher.Sees(bob, wire.StateOnline, first, second)
		his.HangUp()
		watcher.Sees(bob, wire.StateAway, first, second)
		for range 3 {
			time.Sleep(wire.GraceSeconds / 4 * time.Second)
			watcher.Ping()
		}
		back := m.ConnectAs(t, bob, wire.SessionID{8}, true)
		back.Card(first, 2)
		watcher.Sees(bob, wire.StateOnline, first)
		watcher.Sees(bob, wire.StateOffline, second)
	})
}

// Who comes back over a connection that the relay still holds open has ten seconds to say what it speaks for.
func TestSpokenSessionsWaitForTheNewerConnection(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		watcher := m.Connect(t, m.Owner)
		bob := m.Add(t, watcher)
		older := m.ConnectAs(t, bob, wire.SessionID{9}, true)
		older.Card(first, 1)
		older.Card(second, 1)
		older.Card(third, 1)
		watcher.Sees(bob, wire.StateOnline, first, second, third)
		newer := m.ConnectAs(t, bob, wire.SessionID{9}, true)
		older.Closes(wire.CodeSuperseded)
		newer.Card(first, 2)
		watcher.Sees(bob, wire.StateOnline, first)
		newer.Bye(second)
		watcher.Sees(bob, wire.StateOffline, second)
		watcher.Sees(bob, wire.StateAway, third)
		newer.Card(third, 2)
		watcher.Sees(bob, wire.StateOnline, third)
	})
}

// A relay that is started again knows the sessions that a connection spoke for, with their cards, as it knows any.
func TestSpokenSessionsAfterARestart(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (before, after func() store.Store){
		"memory": func(t *testing.T) (before, after func() store.Store) {
			s := memory.New(time.Now())
			return func() store.Store { return s }, func() store.Store { return s.Reopen(time.Now()) }
		},
		"sqlite": func(t *testing.T) (before, after func() store.Store) {
			dir := t.TempDir()
			open := func() store.Store { return openSQLite(t, dir) }
			return open, open
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := open(t)
			s := before()
			r := start(t, s, nil)
			m := protocoltest.Found(t, r.Target)
			watcher := m.Connect(t, m.Owner)
			bob := m.Add(t, watcher)
			his := m.ConnectAs(t, bob, wire.SessionID{9}, true)
			his.Card(first, 5)
			his.Card(second, 5)
			watcher.Sees(bob, wire.StateOnline, first, second)
			his.Bye(second)
			watcher.Sees(bob, wire.StateOffline, second)
			his.Card(third, 5)
			watcher.Sees(bob, wire.StateOnline, third)
			go r.stop(t)
			watcher.Closes(wire.CodeDraining)
			his.Closes(wire.CodeDraining)
			r.stop(t)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			r = start(t, after(), nil)
			m.Target = r.Target
			got := states(t, m, bob)
			if len(got) != 3 || got[first] != wire.StateAway || got[second] != wire.StateOffline || got[third] != wire.StateAway {
				t.Errorf("after the restart: %v", got)
			}
			watcher = m.Connect(t, m.Owner)
			back := m.ConnectAs(t, bob, wire.SessionID{9}, true)
			back.Bye(third)
			watcher.Presence()
			watcher.Sees(bob, wire.StateOffline, third)
			back.Card(first, 5) // the relay has this one already; it begins the session all the same
			if s := watcher.Sees(bob, wire.StateOnline, first)[0]; s.CardVersion != 5 || string(s.Card) != "sealed" {
				t.Errorf("its card after the restart: %+v", s)
			}
		})
	}
}
