package roster_test

import (
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// statement makes the bytes of an act.
func (w *trial) statement(a act) *roster.Statement {
	draft := roster.Draft{Mesh: w.state.Mesh(), Author: w.id(a.by), Time: a.time, Epoch: uint32(a.epoch), Body: w.body(a)}
	if at := len(w.heads) - 1 - a.back; a.back >= 0 && at >= 0 {
		draft.Prev = w.heads[at]
	} else {
		draft.Prev = wire.Head{1}
	}
	return w.parse(w.signed(draft, a.by, a.target))
}

func (w *trial) body(a act) roster.Body {
	some := func(name string) wire.MemberID {
		if name == "" {
			return wire.MemberID{}
		}
		return w.member(name)
	}
	rotation := roster.Rotation{Commitment: commitment(a.by)}
	for _, name := range a.wraps {
		rotation.Wraps = append(rotation.Wraps, roster.Wrap{Device: w.id(name)})
	}
	var named []roster.LastCounter
	for _, name := range a.named {
		named = append(named, roster.LastCounter{Device: w.id(name), Counter: lastOf(name)})
	}
	switch a.kind {
	case roster.KindInvite:
		return w.newInvite(a.by, a.target, a.role, uint16(a.uses), a.expire, some(a.second))
	case roster.KindInviteRetired:
		return &roster.InviteRetired{Invites: []wire.InviteID{w.invite(a.target)}}
	case roster.KindJoin:
		return w.newJoin(a.by, a.target, some(a.second))
	case roster.KindProfile:
		return &roster.Profile{Sealed: sealed(a.by)}
	case roster.KindTopic:
		return &roster.Topic{Sealed: sealed(a.target)}
	case roster.KindTopicChanged:
		id, ok := w.topics[a.target]
		if !ok {
			id = wire.TopicID{1}
		}
		return &roster.TopicChanged{Topic: id, Sealed: sealed(a.target)}
	case roster.KindRole:
		return &roster.Role{Member: w.member(a.target), Role: a.role}
	case roster.KindDeviceRevoked:
		return &roster.DeviceRevoked{Last: named, Rotation: rotation}
	case roster.KindMemberRemoved:
		return &roster.MemberRemoved{Member: w.member(a.target), Last: named, Rotation: rotation}
	case roster.KindRotation:
		return &rotation
	}
	return &roster.Leave{Last: named}
}

// compare holds what the fold shows to the model.
func (w *trial) compare() {
	m, s := w.model, w.state
	if int(s.Epoch()) != m.epoch || s.Statements() != m.heads || s.PresentDevices() != len(m.devicesOf("")) {
		w.t.Fatalf("epoch %d, %d statements, %d devices; the model has %d, %d, %d", s.Epoch(), s.Statements(), s.PresentDevices(), m.epoch, m.heads, len(m.devicesOf("")))
	}
	if m.owners() == 0 {
		w.t.Fatal("no owner is left")
	}
	present := 0
	for _, x := range m.members {
		view, ok := s.Member(w.member(x.name))
		if !ok || view.Role != x.role || (view.Standing == roster.Present) == x.gone || view.ProfileTime != x.profileTime || !same(w.namesOf(view.Devices), m.devicesOf(x.name)) {
			w.t.Fatalf("member %+v is shown as %+v", x, view)
		}
		if !x.gone {
			present++
		}
	}
	if s.PresentMembers() != present {
		w.t.Fatalf("%d members are shown of %d", s.PresentMembers(), present)
	}
	for _, d := range m.devices {
		view, ok := s.Device(w.id(d.name))
		if !ok || view.Member != w.member(d.member) || (view.Standing == roster.Present) == d.gone || view.LastCounter != d.last {
			w.t.Fatalf("device %+v is shown as %+v", d, view)
		}
	}
	for _, i := range m.invites {
		view, ok := s.Invitation(w.invite(i.name))
		if !ok || int(view.Used) != i.used || view.Issuer != w.id(i.issuer) || view.Retired != i.retired {
			w.t.Fatalf("invite %+v is shown as %+v", i, view)
		}
	}
}

// compareBlind holds the blind fold to the first.
func (w *trial) compareBlind() {
	if w.blind.Head() != w.state.Head() || w.blind.PresentDevices() != w.state.PresentDevices() {
		w.t.Fatal("a blind fold is elsewhere")
	}
	for m := range w.blind.Members() {
		if seen, _ := w.state.Member(m.ID); m.Profile.Bytes != nil || m.Role != seen.Role || m.Standing != seen.Standing || len(m.Devices) != len(seen.Devices) {
			w.t.Fatalf("a blind fold shows %+v, not %+v", m, seen)
		}
	}
}
