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

// judge is the code that the page gives; "" where the statement is accepted.
func (m *model) judge(a act) wire.Code {
	floats := a.kind == roster.KindJoin || a.kind == roster.KindProfile || a.kind == roster.KindLeave
	if a.back != 0 && !(floats && a.back > 0 && a.back < m.heads) {
		return wire.CodeStaleHead
	}
	by := m.device(a.by)
	if a.kind == roster.KindJoin {
		if by != nil {
			return wire.CodeAlreadyJoined
		}
	} else if by == nil {
		return wire.CodeUnknownDevice
	} else if by.gone {
		return wire.CodeRemoved
	}
	switch a.kind {
	case roster.KindDeviceRevoked, roster.KindMemberRemoved, roster.KindRotation:
		if a.epoch != m.epoch+1 {
			return wire.CodeStaleEpoch
		}
	case roster.KindJoin, roster.KindLeave, roster.KindProfile, roster.KindInviteRetired, roster.KindRole:
		if a.epoch > m.epoch {
			return wire.CodeStaleEpoch
		}
	default:
		if a.epoch != m.epoch {
			return wire.CodeStaleEpoch
		}
	}
	if a.kind == roster.KindJoin {
		return m.judgeJoin(a)
	}
	return m.judgeBody(a, m.member(by.member))
}

func (m *model) mayIssue(who *modelMember, role wire.Role, member string) bool {
	if who.gone {
		return false
	}
	if member != "" {
		return member == who.name && role == who.role
	}
	switch role {
	case wire.RoleOwner:
		return false
	case wire.RoleAdmin:
		return who.role == wire.RoleOwner
	}
	return who.role == wire.RoleOwner || who.role == wire.RoleAdmin
}

func (m *model) judgeJoin(a act) wire.Code {
	i := m.invite(a.target)
	if i == nil {
		return wire.CodeNotFound
	}
	issuer := m.device(i.issuer)
	if i.retired || i.epoch != m.epoch || issuer.gone || !m.mayIssue(m.member(issuer.member), i.role, i.member) {
		return wire.CodeRevoked
	}
	if m.settled > i.expires*1000 {
		return wire.CodeExpired
	}
	if i.used == i.uses {
		return wire.CodeExhausted
	}
	if a.second != i.member {
		return wire.CodeMalformed
	}
	return ""
}

func (m *model) judgeBody(a act, by *modelMember) wire.Code {
	high := by.role == wire.RoleOwner || by.role == wire.RoleAdmin
	target := m.member(a.target)
	outranks := func(x *modelMember) bool {
		return by.role == wire.RoleOwner || by.role == wire.RoleAdmin && x.role != wire.RoleOwner && x.role != wire.RoleAdmin
	}
	switch a.kind {
	case roster.KindInvite:
		if m.invite(a.target) != nil {
			return wire.CodeReplayed
		}
		if !m.mayIssue(by, a.role, a.second) {
			return wire.CodeForbidden
		}
	case roster.KindInviteRetired:
		i := m.invite(a.target)
		if i == nil {
			return wire.CodeNotFound
		}
		if !high && m.device(i.issuer).member != by.name {
			return wire.CodeForbidden
		}
	case roster.KindProfile:
		if a.time <= by.profileTime {
			return wire.CodeReplayed
		}
	case roster.KindTopic:
		if by.role == wire.RoleGuest {
			return wire.CodeForbidden
		}
	case roster.KindTopicChanged:
		t, ok := find(m.topics, func(x modelTopic) bool { return x.name == a.target })
		if !ok {
			return wire.CodeNotFound
		}
		if t.creator == "" || t.creator != by.name && !high {
			return wire.CodeForbidden
		}
	case roster.KindRole:
		if target == nil || target.gone {
			return wire.CodeUnknownMember
		}
		if by.role != wire.RoleOwner {
			return wire.CodeForbidden
		}
		if target.role == wire.RoleOwner && a.role != wire.RoleOwner && m.owners() == 1 {
			return wire.CodeLastOwner
		}
	case roster.KindDeviceRevoked:
		return m.judgeRevoked(a, by, outranks)
	case roster.KindMemberRemoved:
		switch {
		case target == nil || target.gone:
			return wire.CodeUnknownMember
		case !outranks(target):
			return wire.CodeForbidden
		case target.role == wire.RoleOwner && m.owners() == 1:
			return wire.CodeLastOwner
		case target == by:
			return wire.CodeForbidden
		case !same(a.named, m.devicesOf(a.target)):
			return wire.CodeStaleRoster
		}
		return m.judgeWraps(a)
	case roster.KindRotation:
		if !high {
			return wire.CodeForbidden
		}
		return m.judgeWraps(a)
	case roster.KindLeave:
		if by.role == wire.RoleOwner && m.owners() == 1 {
			return wire.CodeLastOwner
		}
		if !same(a.named, m.devicesOf(by.name)) {
			return wire.CodeStaleRoster
		}
	}
	return ""
}

func (m *model) judgeRevoked(a act, by *modelMember, outranks func(*modelMember) bool) wire.Code {
	owners := map[string]bool{}
	for _, name := range a.named {
		d := m.device(name)
		if d == nil || d.gone {
			return wire.CodeUnknownDevice
		}
		owners[d.member] = true
	}
	owner := m.member(m.device(a.named[0]).member)
	switch {
	case len(owners) > 1:
		return wire.CodeMalformed
	case slices.Contains(a.named, a.by):
		return wire.CodeForbidden
	case owner != by && !outranks(owner), same(a.named, m.devicesOf(owner.name)):
		return wire.CodeForbidden
	}
	return m.judgeWraps(a)
}

func (m *model) judgeWraps(a act) wire.Code {
	remain := slices.DeleteFunc(m.devicesOf(""), func(name string) bool { return slices.Contains(a.named, name) })
	if !same(a.wraps, remain) {
		return wire.CodeStaleRoster
	}
	return ""
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
