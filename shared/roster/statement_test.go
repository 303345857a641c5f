package roster_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// everyKind is a mesh whose story has each kind of statement, and the story.
func everyKind(t failer) (*world, []*roster.Statement) {
	w := newWorld(t)
	var story []*roster.Statement
	add := func(by, invite string, body roster.Body) *roster.Statement {
		stmt := w.add(by, invite, body)
		story = append(story, stmt)
		return stmt
	}
	add("ada", "", w.genesis("ada"))
	add("ada", "", w.newInvite("ada", "link", wire.RoleMember, 9, roster.MaxExpiry, wire.MemberID{}))
	for _, name := range []string{"bob", "cid", "dan"} {
		add(name, "link", w.newJoin(name, "link", wire.MemberID{}))
	}
	add("bob", "", w.newInvite("bob", "phone", wire.RoleMember, 1, 0, w.member("bob")))
	add("ada", "", &roster.InviteRetired{Invites: []wire.InviteID{w.invite("phone"), w.invite("link")}})
	add("bob", "", w.newInvite("bob", "tablet", wire.RoleMember, 1, roster.MaxExpiry, w.member("bob")))
	add("tablet", "tablet", w.newJoin("tablet", "tablet", w.member("bob")))
	add("bob", "", &roster.Profile{Sealed: sealed("Bob")})
	topic := add("bob", "", &roster.Topic{Sealed: sealed("deploys")})
	add("ada", "", &roster.TopicChanged{Topic: topic.TopicID(), Archived: true, Sealed: sealed("done")})
	add("ada", "", &roster.Role{Member: w.member("cid"), Role: wire.RoleAdmin})
	add("bob", "", &roster.DeviceRevoked{Last: last(7, w.id("tablet")), Rotation: w.rotation("two", w.id("tablet"))})
	add("ada", "", &roster.MemberRemoved{Member: w.member("bob"), Last: last(8, w.id("bob")), Rotation: w.rotation("three", w.id("bob"))})
	rotation := w.rotation("four")
	add("cid", "", &rotation)
	add("dan", "", &roster.Leave{Last: last(9, w.id("dan"))})
	return w, story
}

func TestEveryKindStandsInTheStory(t *testing.T) {
	_, story := everyKind(t)
	seen := map[roster.Kind]bool{}
	for _, stmt := range story {
		seen[stmt.Kind] = true
	}
	if len(seen) != int(roster.KindLeave) {
		t.Fatalf("the story has %d kinds of %d", len(seen), roster.KindLeave)
	}
}

// A statement reads back as what it was made of, and nothing but its exact bytes reads so.
func TestParseGivesBackEveryKind(t *testing.T) {
	_, story := everyKind(t)
	for _, stmt := range story {
		if !bytes.Equal(remade(stmt), stmt.Raw) {
			t.Errorf("%s is not what it was", stmt.Kind)
		}
	}
}

// remade encodes a statement again from its fields.
func remade(s *roster.Statement) []byte {
	draft := roster.Draft{Mesh: s.Mesh, Prev: s.Prev, Author: s.Author, Time: s.Time, Epoch: s.Epoch, Body: s.Body}
	unsigned := draft.Unsigned()
	return roster.Assemble(unsigned, s.Raw[min(len(unsigned), len(s.Raw)):])
}

// Whatever bit is turned in an accepted statement, it is refused: nothing in it is left unsigned.
func TestNoBitCanBeTurned(t *testing.T) {
	w, story := everyKind(t)
	state := roster.New()
	for _, stmt := range story {
		for at := range stmt.Raw {
			turned := bytes.Clone(stmt.Raw)
			turned[at] ^= 1 << (at % 8)
			if parsed, err := roster.Parse(turned); err == nil && state.Check(parsed, time.Time{}) == nil {
				t.Fatalf("%s is accepted with another bit in byte %d", stmt.Kind, at)
			}
		}
		if err := state.Apply(stmt, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if w.exact(state) != w.exact(w.state) {
		t.Error("the story told again ends otherwise")
	}
}

// Any cut and any byte too many is malformed or worse, never a panic and never read.
func TestNoCutIsRead(t *testing.T) {
	_, story := everyKind(t)
	for _, stmt := range story {
		for n := range stmt.Raw {
			if _, err := roster.Parse(stmt.Raw[:n]); err == nil {
				t.Fatalf("%s cut to %d bytes is read", stmt.Kind, n)
			}
		}
		_, err := roster.Parse(append(bytes.Clone(stmt.Raw), 0))
		wantCode(t, err, wire.CodeMalformed)
	}
	_, err := roster.Parse(make([]byte, wire.MaxStatement+1))
	wantCode(t, err, wire.CodeTooLarge)
}

// A draft puts its lists in order, so that a caller cannot write what nobody reads; then each device finds its wrap.
func TestDraftOrdersLists(t *testing.T) {
	w := newWorld(t)
	w.found("ada", "bob", "cid", "dan")
	rotation := w.rotation("two")
	for n := range len(rotation.Wraps) / 2 {
		other := len(rotation.Wraps) - 1 - n
		rotation.Wraps[n], rotation.Wraps[other] = rotation.Wraps[other], rotation.Wraps[n]
	}
	w.add("ada", "", &rotation)
	for _, wrap := range rotation.Wraps {
		if got, author, ok := w.state.Wrap(wrap.Device); !ok || got != wrap || author != w.id("ada") {
			t.Errorf("a device finds %+v by %s", got, author)
		}
	}
}

// What a state keeps does not alias the bytes that it was given.
func TestStateKeepsCopies(t *testing.T) {
	w, story := everyKind(t)
	state := roster.New()
	for _, stmt := range story {
		raw := bytes.Clone(stmt.Raw)
		if _, err := state.Follow(raw); err != nil {
			t.Fatal(err)
		}
		clear(raw)
	}
	if w.exact(state) != w.exact(w.state) {
		t.Error("a state changes with the buffer that a statement came in")
	}
}

// A slice of devices that was handed out stays as it was when the state moves on.
func TestDevicesOfStays(t *testing.T) {
	w := newWorld(t)
	w.found("ada", "bob")
	var handed, want [][]wire.DeviceID
	look := func() {
		devices := w.state.DevicesOf(w.member("bob"))
		handed, want = append(handed, devices), append(want, slices.Clone(devices))
	}
	look()
	others := []string{"phone", "tablet", "laptop", "desk", "work", "spare"}
	for _, name := range others {
		w.add("bob", "", w.newInvite("bob", name, wire.RoleMember, 1, roster.MaxExpiry, w.member("bob")))
		w.add(name, name, w.newJoin(name, name, w.member("bob")))
		look()
	}
	for n, name := range others {
		w.add("bob", "", &roster.DeviceRevoked{Last: last(1, w.id(name)), Rotation: w.rotation(name, w.id(name))})
		look()
		if left := len(handed[len(handed)-1]); left != len(others)-n {
			t.Fatalf("%d devices are left", left)
		}
	}
	for n := range handed {
		if !slices.Equal(handed[n], want[n]) {
			t.Errorf("a slice of %d devices changed after it was handed out", len(want[n]))
		}
	}
}

// Follow speaks of a bad roster, whatever the reason.
func TestFollowRefusesAsBadRoster(t *testing.T) {
	w := newWorld(t)
	w.found("ada", "bob")
	for name, raw := range map[string][]byte{
		"no statement": []byte("statement"),
		"no right":     w.signed(w.state.Draft(w.id("bob"), w.now, &roster.Role{Member: w.member("bob"), Role: wire.RoleOwner}), "bob", ""),
		"forged":       w.signed(w.state.Draft(w.id("ada"), w.now, &roster.Role{Member: w.member("bob"), Role: wire.RoleOwner}), "bob", ""),
	} {
		before := w.exact(w.state)
		if _, err := w.state.Follow(raw); wire.CodeOf(err) != wire.CodeBadRoster || w.exact(w.state) != before {
			t.Errorf("%s: %v", name, err)
		}
	}
}
