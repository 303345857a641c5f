package roster_test

import (
	"slices"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

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
