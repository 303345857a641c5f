package roster_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// crowd replays the joins of many made-up members, whose signatures nobody checks.
func crowd(t testing.TB, state *roster.State, members int) []wire.DeviceID {
	replay := func(draft roster.Draft) {
		stmt := &roster.Statement{Kind: draft.Body.Kind(), Mesh: draft.Mesh, Prev: draft.Prev, Author: draft.Author, Time: draft.Time, Epoch: draft.Epoch, Body: draft.Body, Raw: draft.Unsigned()}
		if err := state.Replay(stmt, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	device := func(n int) (p identity.Public) {
		binary.BigEndian.PutUint64(p.Sign[:], uint64(n))
		return p
	}
	founder := device(0)
	replay(state.Draft(founder.DeviceID(), start, &roster.Genesis{Device: founder, Name: sealed("crowd")}))
	ids := []wire.DeviceID{founder.DeviceID()}
	var invite wire.InviteID
	for n := 1; n < members; n++ {
		if n%wire.MaxInviteUses == 1 {
			binary.BigEndian.PutUint64(invite[:], uint64(n))
			replay(state.Draft(ids[0], start, &roster.Invite{ID: invite, Role: wire.RoleMember, Uses: wire.MaxInviteUses, Expires: roster.MaxExpiry}))
		}
		joiner := device(n)
		ids = append(ids, joiner.DeviceID())
		replay(state.Draft(ids[n], start, &roster.Join{Invite: invite, Device: joiner}))
		replay(state.Draft(ids[n], start, &roster.Profile{Sealed: sealed("somebody")}))
	}
	return ids
}

// What a state takes for each member is bounded, so that a relay holds meshes of 100,000.
func TestMemoryOfAMember(t *testing.T) {
	const members = 20_000
	var before, after runtime.MemStats
	state := roster.NewBlind()
	runtime.GC()
	runtime.ReadMemStats(&before)
	ids := crowd(t, state, members)
	runtime.GC()
	runtime.ReadMemStats(&after)
	taken := (int(after.HeapAlloc) - int(before.HeapAlloc) - members*len(ids[0])) / members
	t.Logf("%d bytes a member", taken)
	if state.PresentMembers() != members {
		t.Fatalf("%d members", state.PresentMembers())
	}
	if taken > 650 {
		t.Errorf("a member takes %d bytes, at most 650 are budgeted", taken)
	}
	runtime.KeepAlive(ids)
}

// What a relay asks for each message does not allocate.
func TestReadsDoNotAllocate(t *testing.T) {
	state := roster.NewBlind()
	ids := crowd(t, state, 10)
	member := wire.MemberID(ids[3])
	if n := testing.AllocsPerRun(100, func() {
		d, ok := state.Device(ids[3])
		m, _ := state.Member(member)
		if !ok || len(state.DevicesOf(member)) != 1 || m.Devices[0] != d.ID || state.RotatedAt(state.Epoch()) != (time.Time{}) {
			t.Fatal("a member is lost")
		}
	}); n != 0 {
		t.Errorf("reads allocate %v times", n)
	}
}

func BenchmarkReplay(b *testing.B) {
	for b.Loop() {
		crowd(b, roster.NewBlind(), 10_000)
	}
}
