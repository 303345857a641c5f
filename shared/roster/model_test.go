package roster_test

import (
	"slices"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// model is section 3.1 once more, as slow and plain as the page: everything is looked for in lists, nothing is counted ahead.
// Names stand for ids. The signatures and the clock of a relay are left out.
type model struct {
	epoch   int
	heads   int
	settled uint64
	members []*modelMember
	devices []*modelDevice
	invites []*modelInvite
	topics  []modelTopic
}

type modelMember struct {
	name        string
	role        wire.Role
	gone        bool
	profileTime uint64
}

type modelDevice struct {
	name, member string
	gone         bool
	last         uint64
}

type modelInvite struct {
	name, issuer, member string // member "": a new one
	role                 wire.Role
	uses, used           int
	expires              uint64
	epoch                int
	retired              bool
}

type modelTopic struct{ name, creator string }

// act is a statement that somebody tries.
type act struct {
	kind   roster.Kind
	by     string
	target string // member, device, invite or topic
	second string // member of an invite or join
	role   wire.Role
	uses   int
	back   int // how many heads before the present one it names; -1: none of this roster
	epoch  int
	time   uint64
	expire uint64
	named  []string // devices of the last counters
	wraps  []string // devices of the wraps
}

func find[T any](list []T, is func(T) bool) (none T, _ bool) {
	for _, v := range list {
		if is(v) {
			return v, true
		}
	}
	return none, false
}

func (m *model) member(name string) *modelMember {
	found, _ := find(m.members, func(x *modelMember) bool { return x.name == name })
	return found
}

func (m *model) device(name string) *modelDevice {
	found, _ := find(m.devices, func(x *modelDevice) bool { return x.name == name })
	return found
}

func (m *model) invite(name string) *modelInvite {
	found, _ := find(m.invites, func(x *modelInvite) bool { return x.name == name })
	return found
}

// devicesOf are the names of the devices that a member has now; of everybody for "".
func (m *model) devicesOf(member string) (names []string) {
	for _, d := range m.devices {
		if !d.gone && (member == "" || d.member == member) {
			names = append(names, d.name)
		}
	}
	slices.Sort(names)
	return names
}

func (m *model) owners() (n int) {
	for _, x := range m.members {
		if !x.gone && x.role == wire.RoleOwner {
			n++
		}
	}
	return n
}

func same(x, y []string) bool {
	x, y = slices.Clone(x), slices.Clone(y)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// do makes the change of an accepted act.
func (m *model) do(a act) {
	m.heads++
	if d := m.device(a.by); d != nil && m.member(d.member).role >= wire.RoleAdmin {
		m.settled = max(m.settled, a.time)
	}
	switch a.kind {
	case roster.KindInvite:
		m.invites = append(m.invites, &modelInvite{name: a.target, issuer: a.by, member: a.second, role: a.role, uses: a.uses, expires: a.expire, epoch: m.epoch})
	case roster.KindInviteRetired:
		m.invite(a.target).retired = true
	case roster.KindJoin:
		i := m.invite(a.target)
		i.used++
		member := a.second
		if member == "" {
			member = a.by
			m.members = append(m.members, &modelMember{name: member, role: i.role})
		}
		m.devices = append(m.devices, &modelDevice{name: a.by, member: member})
	case roster.KindProfile:
		m.member(m.device(a.by).member).profileTime = a.time
	case roster.KindTopic:
		m.topics = append(m.topics, modelTopic{a.target, m.device(a.by).member})
	case roster.KindRole:
		m.member(a.target).role = a.role
	case roster.KindMemberRemoved:
		m.member(a.target).gone = true
	case roster.KindLeave:
		m.member(m.device(a.by).member).gone = true
	}
	for _, name := range a.named {
		d := m.device(name)
		d.gone, d.last = true, lastOf(name)
	}
	if a.kind == roster.KindDeviceRevoked || a.kind == roster.KindMemberRemoved || a.kind == roster.KindRotation {
		m.epoch++
	}
}

// lastOf is the last counter that acts give to a device.
func lastOf(device string) uint64 { return uint64(len(device)) * 10 }
