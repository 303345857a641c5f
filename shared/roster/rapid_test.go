package roster_test

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// TestModel lets random people try random statements, right and wrong, and holds the fold to the plain model: the same
// verdict for each, checked or applied, and the same members, devices, invites and topics after it; a check and a refusal change
// nothing. Beside it replay, without signatures, a fold that is blind and one that is not, which must stay the same.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t)
		for range rapid.IntRange(20, 60).Draw(t, "steps") {
			w.try(w.draw())
		}
		w.compareBlind()
	})
}

// trial is a world with a model beside it.
type trial struct {
	*world
	rapid  *rapid.T
	model  *model
	heads  []wire.Head
	blind  *roster.State
	replay *roster.State
	before string // what every fold that is not blind shows
}

// people are the devices that may take part; the first founds the mesh.
var people = []string{"ada", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ivy", "jim", "kay", "lea"}

var inviteNames = []string{"i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8"}

func newTrial(t *rapid.T) *trial {
	w := &trial{
		world: newWorld(t), rapid: t, blind: roster.NewBlind(), replay: roster.New(),
		model: &model{epoch: 1, heads: 1, settled: start, members: []*modelMember{{name: "ada", role: wire.RoleOwner}}, devices: []*modelDevice{{name: "ada", member: "ada"}}},
	}
	for _, name := range people {
		w.device(name)
	}
	w.everywhere(w.add("ada", "", w.genesis("ada")))
	w.model.topics = []modelTopic{{name: "general"}}
	w.topics["general"] = wire.GeneralTopic(w.state.Mesh())
	w.now = start + 1
	for _, a := range settlers {
		a.time, a.epoch, a.expire = w.now, 1, w.now/1000+3600
		if !w.try(a) {
			t.Fatalf("%+v is refused", a)
		}
	}
	return w
}

// settlers give every trial an admin, two members and second devices of an owner and a member.
var settlers = []act{
	{kind: roster.KindInvite, by: "ada", target: "i1", role: wire.RoleMember, uses: 4},
	{kind: roster.KindJoin, by: "bob", target: "i1"},
	{kind: roster.KindJoin, by: "cid", target: "i1"},
	{kind: roster.KindJoin, by: "dan", target: "i1"},
	{kind: roster.KindRole, by: "ada", target: "bob", role: wire.RoleAdmin},
	{kind: roster.KindInvite, by: "ada", target: "i2", second: "ada", role: wire.RoleOwner, uses: 1},
	{kind: roster.KindJoin, by: "eve", target: "i2", second: "ada"},
	{kind: roster.KindInvite, by: "cid", target: "i3", second: "cid", role: wire.RoleMember, uses: 1},
	{kind: roster.KindJoin, by: "fay", target: "i3", second: "cid"},
}

// everywhere hands an accepted statement to the other folds.
func (w *trial) everywhere(stmt *roster.Statement) {
	w.heads = append(w.heads, w.state.Head())
	for _, err := range []error{w.blind.Replay(stmt, time.Time{}), w.replay.Replay(stmt, time.Time{})} {
		if err != nil {
			w.t.Fatalf("another fold refuses: %v", err)
		}
	}
	w.before = w.exact(w.replay)
	if got := w.exact(w.state); got != w.before {
		w.t.Fatalf("the fold shows\n%s\na replay\n%s", got, w.before)
	}
}

// pick draws one of a list, each as likely: rapid's own choices lean to the front, and then little ever succeeds.
func pick[T any](w *trial, what string, list []T) T {
	return list[w.below(what, len(list))]
}

func (w *trial) below(what string, n int) int {
	number := 0
	for range bits.Len(uint(n)) + 3 {
		number *= 2
		if rapid.Bool().Draw(w.rapid, what) {
			number++
		}
	}
	return number % n
}

// often draws the first with a chance of seven in eight, so that most acts are nearly right.
func often[T any](w *trial, what string, usual, otherwise T) T {
	if w.below(what, 8) > 0 {
		return usual
	}
	return otherwise
}

// draw makes an act up, mostly by somebody who is in the mesh.
func (w *trial) draw() act {
	m := w.model
	kind := pick(w, "kind", []roster.Kind{
		roster.KindInvite, roster.KindInvite, roster.KindInvite, roster.KindInvite, roster.KindJoin, roster.KindJoin, roster.KindJoin,
		roster.KindJoin, roster.KindJoin, roster.KindJoin, roster.KindJoin, roster.KindJoin, roster.KindRole, roster.KindInviteRetired, roster.KindProfile, roster.KindTopic, roster.KindTopicChanged, roster.KindRole, roster.KindRole,
		roster.KindDeviceRevoked, roster.KindMemberRemoved, roster.KindRotation, roster.KindLeave,
	})
	w.now += pick(w, "pause", []uint64{0, 0, 1, 1000})
	a := act{kind: kind, by: pick(w, "by", people), time: w.now + pick(w, "clock", []uint64{0, 0, 5000}), epoch: m.epoch}
	if present := m.devicesOf(""); kind != roster.KindJoin {
		a.by = often(w, "present", pick(w, "by present", present), a.by)
	} else if absent := slices.DeleteFunc(slices.Clone(people), func(name string) bool { return m.device(name) != nil }); len(absent) > 0 {
		a.by = often(w, "absent", pick(w, "by absent", absent), a.by)
	}
	a.back = often(w, "prev", 0, w.below("back", 6)-1)
	if kind == roster.KindDeviceRevoked || kind == roster.KindMemberRemoved || kind == roster.KindRotation {
		a.epoch++
	}
	a.epoch = often(w, "epoch", a.epoch, 1+w.below("other epoch", m.epoch+2))
	w.aim(&a)
	if a.kind == roster.KindDeviceRevoked || a.kind == roster.KindMemberRemoved || a.kind == roster.KindRotation {
		a.wraps = slices.DeleteFunc(m.devicesOf(""), func(name string) bool { return slices.Contains(a.named, name) })
		a.wraps = often(w, "wraps", a.wraps, rapid.SliceOfNDistinct(rapid.SampledFrom(people), 1, 4, rapid.ID[string]).Draw(w.rapid, "other wraps"))
		if len(a.wraps) == 0 {
			a.wraps = []string{a.by} // nobody remains; a rotation still names somebody
		}
	}
	return a
}

// someMember is mostly somebody who is, or was, in the mesh.
func (w *trial) someMember() string {
	return often(w, "a member", pick(w, "which member", w.model.members).name, pick(w, "whoever", people))
}

// aim draws what the act is about.
func (w *trial) aim(a *act) {
	m := w.model
	own := a.by
	if d := m.device(a.by); d != nil {
		own = d.member
	}
	roles := []wire.Role{wire.RoleGuest, wire.RoleMember, wire.RoleAdmin, wire.RoleOwner}
	switch a.kind {
	case roster.KindInvite:
		a.target, a.uses, a.role = pick(w, "invite", inviteNames), 1+w.below("uses", 3), pick(w, "role", roles)
		a.expire = w.now/1000 + pick(w, "expires", []uint64{3600, 3600, 3600, 3600, 1, 0})
		if w.below("for a device", 3) == 0 {
			a.second, a.uses = often(w, "for", own, pick(w, "for whom", people)), 1
			if member := m.member(a.second); member != nil {
				a.role = often(w, "same role", member.role, a.role)
			}
		}
	case roster.KindJoin:
		a.target = pick(w, "invite", inviteNames)
		if len(m.invites) > 0 {
			newest := m.invites[max(0, len(m.invites)-3):]
			a.target = often(w, "newest", pick(w, "which of the newest", newest).name, a.target)
		}
		if i := m.invite(a.target); i != nil {
			a.second = often(w, "member", i.member, pick(w, "other member", people))
		}
	case roster.KindInviteRetired:
		a.target = pick(w, "invite", inviteNames)
	case roster.KindTopic:
		a.target = fmt.Sprintf("topic %d", m.heads)
	case roster.KindTopicChanged:
		a.target = often(w, "topic", pick(w, "which topic", m.topics).name, "unheard-of")
	case roster.KindRole:
		a.target, a.role = w.someMember(), pick(w, "role", roles)
	case roster.KindDeviceRevoked:
		if devices := m.devicesOf(w.someMember()); len(devices) > 0 && w.below("of one member", 3) > 0 {
			a.named = devices[:1+w.below("how many", len(devices))]
			return
		}
		a.named = rapid.SliceOfNDistinct(rapid.SampledFrom(people), 1, 2, rapid.ID[string]).Draw(w.rapid, "devices")
	case roster.KindMemberRemoved:
		a.target = w.someMember()
		a.named = often(w, "named", m.devicesOf(a.target), []string{pick(w, "other named", people)})
	case roster.KindLeave:
		a.named = often(w, "named", m.devicesOf(own), []string{pick(w, "other named", people)})
	}
	if (a.kind == roster.KindMemberRemoved || a.kind == roster.KindLeave) && len(a.named) == 0 {
		a.named = []string{a.by} // a list is never empty
	}
}

// try lets the fold and the model judge, compares them, and moves both on.
func (w *trial) try(a act) bool {
	stmt := w.statement(a)
	want := w.model.judge(a)
	checked := w.state.Check(stmt, time.Time{})
	if got := w.exact(w.state); got != w.before || w.state.HasHead(stmt.HeadAfter(w.state.Head())) {
		w.t.Fatalf("%+v checked leaves\n%s\nnot\n%s", a, got, w.before)
	}
	err := w.state.Apply(stmt, time.Time{})
	if wire.CodeOf(err) != want || wire.CodeOf(checked) != want {
		w.t.Fatalf("%+v: the page says %q, the fold %v, checked %v", a, want, err, checked)
	}
	if err != nil {
		if got := w.exact(w.state); got != w.before {
			w.t.Fatalf("%+v was refused and left\n%s\nnot\n%s", a, got, w.before)
		}
		return false
	}
	if a.kind == roster.KindTopic {
		w.topics[a.target], w.names[stmt.TopicID()] = stmt.TopicID(), a.target
	}
	w.model.do(a)
	w.everywhere(stmt)
	w.compare()
	return true
}
