package protocoltest

import (
	"testing"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// appendingAgain offers statements that their authors signed and the relay does not have, as after its store was put back to an
// older state (docs/PROTOCOL.md, section 3.3).
func appendingAgain(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	bob := m.Add(t, owner)
	by := m.Connect(t, bob)
	const hours = 7 * 3_600_000
	topic := func() roster.Body { return &roster.Topic{Sealed: Sealed()} }
	before := m.Roster.Head()

	// An old topic of the owner, an invite, and the join by it: bob offers them one after another, and everyone gets them.
	reader := m.Connect(t, bob)
	reader.Tail(by.Welcome.Position, wire.RosterStream(m.ID))
	reader.Live(wire.RosterStream(m.ID))
	i := m.NewInvite(t, 1, NextHour())
	newcomer := NewDevice(t)
	for _, make := range []func() []byte{
		func() []byte { return m.draftAt(m.Owner, Now()-hours, topic()) },
		func() []byte { return m.draftAt(m.Owner, Now()-hours, i.Body) },
		func() []byte { return i.joinAt(newcomer, Now()-hours) },
	} {
		raw, after := make(), m.Roster.Head()
		reply := by.Append(wire.Append{Statement: raw, After: &after})
		if reply.Error != nil || *reply.Head != headAfter(t, m, raw) || reply.Code != "" {
			t.Fatalf("what is offered again is answered with %+v", reply)
		}
		if s, err := wire.ParseStatement(reader.Read(wire.FrameStatement)); err != nil || string(s.Bytes) != string(raw) || s.Position != reply.Position {
			t.Errorf("it is shown as %+v (%v), answered with %+v", s, err, reply)
		}
		m.fold(t, raw)
		// Who offers it at the same moment gets the same answer.
		if again := owner.Append(wire.Append{Statement: raw, After: &after}); again.Error != nil || again.Position != reply.Position {
			t.Errorf("a repeat is answered with %+v", again)
		}
	}
	if c := m.Connect(t, newcomer); c.Welcome.Head != m.Roster.Head() {
		t.Errorf("who is back in the roster is welcomed to head %s", c.Welcome.Head)
	}

	head := m.Roster.Head()
	broken := m.Draft(m.Owner, topic())
	broken[len(broken)-1] ^= 1
	profile := m.Roster.Draft(bob.ID, Now(), &roster.Profile{Sealed: Sealed()})
	profile.Prev = before
	for _, c := range []struct {
		name   string
		append wire.Append
		want   wire.Code
	}{
		{"behind another head", wire.Append{Statement: bob.statement(profile), After: &before}, wire.CodeStaleHead},
		{"made for another head", wire.Append{Statement: m.Owner.statement(staleDraft(m)), After: &head}, wire.CodeStaleHead},
		{"a bad signature", wire.Append{Statement: broken, After: &head}, wire.CodeBadSignature},
		{"a fast clock", wire.Append{Statement: m.draftAt(m.Owner, Now()+360_000, topic()), After: &head}, wire.CodeClockSkew},
		{"more than the author's role allows", wire.Append{Statement: m.Draft(bob, &roster.Role{Member: bob.Member, Role: wire.RoleOwner}), After: &head}, wire.CodeForbidden},
		{"with an escrow", wire.Append{Statement: m.Draft(m.Owner, topic()), Escrow: i.Escrow, After: &head}, wire.CodeMalformed},
		{"a used invite", wire.Append{Statement: i.Join(NewDevice(t)), After: &head}, wire.CodeExhausted},
	} {
		t.Run(c.name, func(t *testing.T) {
			by.t = t
			if reply := by.Append(c.append); reply.Error == nil || reply.Error.Code != c.want {
				t.Errorf("answered with %+v, want %s", reply, c.want)
			}
		})
	}
	by.t = t
	if reply := by.Append(wire.Append{Statement: bob.statement(profile), After: &head}); reply.Error != nil {
		t.Errorf("a profile on an earlier head is answered with %+v", reply)
	}
	t.Run("an expired invite", func(t *testing.T) { joinsAgainLate(t, x) })
}

// joinsAgainLate offers the join of an invite that expired since: only who could issue the invite is believed that it came in time.
func joinsAgainLate(t *testing.T, x Target) {
	at := Now() - 200_000 // nothing in the roster is younger than the invite's expiry
	m := foundAt(t, x, at)
	owner := m.Connect(t, m.Owner)
	bob := NewDevice(t)
	i := m.NewInvite(t, 1, NextHour()).issueAt(t, owner, at)
	join := i.Join(bob)
	i.Claimed(t, bob, join)
	m.fold(t, join)
	expired := m.NewInvite(t, 1, at/1000+60).issueAt(t, owner, at)
	newcomer := NewDevice(t)
	join, head := expired.joinAt(newcomer, at), m.Roster.Head()
	expired.Claim(t, newcomer, join).Refused(t, wire.CodeExpired)
	if reply := m.Connect(t, bob).Append(wire.Append{Statement: join, After: &head}); reply.Error == nil || reply.Error.Code != wire.CodeExpired {
		t.Errorf("to a member it is answered with %+v", reply)
	}
	if reply := owner.Append(wire.Append{Statement: join, After: &head}); reply.Error != nil {
		t.Errorf("to the owner it is answered with %+v", reply)
	}
	m.Connect(t, newcomer)
}
