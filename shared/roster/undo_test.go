package roster_test

import (
	"testing"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// A batch of every kind of statement, taken back at any point, leaves what was there, and the rest can land again.
func TestRollbackOfABatch(t *testing.T) {
	w, story := everyKind(t)
	state := roster.New()
	shown := []string{w.exact(state)}
	marks := []roster.Mark{state.Mark()}
	apply := func(stmt *roster.Statement) {
		t.Helper()
		if _, err := state.Follow(stmt.Raw); err != nil {
			t.Fatal(err)
		}
	}
	for _, stmt := range story {
		apply(stmt)
		shown, marks = append(shown, w.exact(state)), append(marks, state.Mark())
	}
	for n := len(story); n >= 0; n-- {
		state.Rollback(marks[n])
		if got := w.exact(state); got != shown[n] {
			t.Fatalf("taken back to %d statements it shows\n%s\nnot\n%s", n, got, shown[n])
		}
	}
	for _, stmt := range story {
		apply(stmt)
	}
	if w.exact(state) != w.exact(w.state) {
		t.Error("the batch landed again ends otherwise")
	}
}

// After Forget nothing is taken back, and a new mark begins there.
func TestForget(t *testing.T) {
	w := newWorld(t)
	w.state.Mark()
	w.found("ada", "bob")
	w.state.Forget()
	before := w.exact(w.state)
	w.add("ada", "", &roster.Profile{Sealed: sealed("unmarked")})
	unmarked := w.exact(w.state)
	mark := w.state.Mark()
	w.add("ada", "", &roster.Role{Member: w.member("bob"), Role: wire.RoleOwner})
	w.state.Rollback(mark)
	if got := w.exact(w.state); got != unmarked || got == before {
		t.Errorf("taken back to the mark it shows\n%s\nnot\n%s", got, unmarked)
	}
}

// A slice of devices that was handed out stays as it was when the state moves on, and when it moves back.
func TestDevicesOfStays(t *testing.T) {
	w := newWorld(t)
	w.found("ada", "bob")
	w.add("bob", "", w.newInvite("bob", "phone", wire.RoleMember, 1, roster.MaxExpiry, w.member("bob")))
	alone := w.state.DevicesOf(w.member("bob"))
	mark := w.state.Mark()
	w.add("phone", "phone", w.newJoin("phone", "phone", w.member("bob")))
	both := w.state.DevicesOf(w.member("bob"))
	want := [2]wire.DeviceID{both[0], both[1]}
	w.add("bob", "", &roster.DeviceRevoked{Last: last(1, w.id("phone")), Rotation: w.rotation("two", w.id("phone"))})
	w.state.Rollback(mark)
	if len(alone) != 1 || alone[0] != w.id("bob") || [2]wire.DeviceID(both) != want {
		t.Error("a slice of devices changed after it was handed out")
	}
}
