package roster

import (
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

func (s *State) checkTopicChanged(author *member, body *TopicChanged) error {
	t, ok := s.topics[body.Topic]
	switch {
	case !ok:
		return wire.Errorf(wire.CodeNotFound, "there is no such topic in the roster")
	case t.General():
		return wire.Errorf(wire.CodeForbidden, "#general cannot be changed")
	case author.role < wire.RoleAdmin && t.Creator != author.id:
		return wire.Refuse(wire.CodeForbidden)
	}
	return nil
}

func (s *State) checkRole(author *member, body *Role) error {
	target, err := s.presentMember(body.Member)
	if err != nil {
		return err
	}
	if author.role != wire.RoleOwner {
		return wire.Refuse(wire.CodeForbidden)
	}
	if body.Role != wire.RoleOwner {
		return s.keepsOwner(target)
	}
	return nil
}

// keepsOwner refuses to take the last owner.
func (s *State) keepsOwner(target *member) error {
	if target.role == wire.RoleOwner && s.owners == 1 {
		return wire.Refuse(wire.CodeLastOwner)
	}
	return nil
}

func (s *State) presentMember(id wire.MemberID) (*member, error) {
	m, ok := s.members[id]
	if !ok || m.standing != Present {
		return nil, wire.Refuse(wire.CodeUnknownMember)
	}
	return m, nil
}

// mayRemove is rule 12, for others than oneself.
func (m *member) mayRemove(target *member) bool {
	return m.role == wire.RoleOwner || m.role == wire.RoleAdmin && target.role < wire.RoleAdmin
}

func (s *State) checkDeviceRevoked(by wire.DeviceID, author *member, body *DeviceRevoked) error {
	anyOf := func(is func(id wire.DeviceID) bool) bool {
		return slices.ContainsFunc(body.Last, func(last LastCounter) bool { return is(last.Device) })
	}
	if anyOf(func(id wire.DeviceID) bool { d, ok := s.devices[id]; return !ok || d.standing != Present }) {
		return wire.Errorf(wire.CodeUnknownDevice, "a device to be revoked is not in the mesh")
	}
	target := s.devices[body.Last[0].Device].member
	if anyOf(func(id wire.DeviceID) bool { return s.devices[id].member != target }) {
		return wire.Errorf(wire.CodeMalformed, "the devices to be revoked are of several members")
	}
	if anyOf(func(id wire.DeviceID) bool { return id == by }) {
		return wire.Errorf(wire.CodeForbidden, "a device cannot revoke itself: it would know the new key")
	}
	if author != target && !author.mayRemove(target) {
		return wire.Refuse(wire.CodeForbidden)
	}
	if len(body.Last) == len(target.devices) {
		return wire.Errorf(wire.CodeForbidden, "a member keeps at least one device; remove the member instead")
	}
	return s.checkWraps(&body.Rotation, body.Last)
}

func (s *State) checkMemberRemoved(author *member, body *MemberRemoved) error {
	target, err := s.presentMember(body.Member)
	if err != nil {
		return err
	}
	if !author.mayRemove(target) {
		return wire.Refuse(wire.CodeForbidden)
	}
	if err := s.keepsOwner(target); err != nil {
		return err
	}
	if author == target {
		return wire.Errorf(wire.CodeForbidden, "a member cannot remove itself, it leaves: it would know the new key")
	}
	if err := target.checkNamed(body.Last); err != nil {
		return err
	}
	return s.checkWraps(&body.Rotation, body.Last)
}

func (s *State) checkLeave(author *member, body *Leave) error {
	if err := s.keepsOwner(author); err != nil {
		return err
	}
	return author.checkNamed(body.Last)
}

// checkNamed refuses last counters that are not those of exactly the member's devices; both ascend.
func (m *member) checkNamed(last []LastCounter) error {
	ok := len(last) == len(m.devices)
	for n := 0; ok && n < len(last); n++ {
		ok = last[n].Device == m.devices[n]
	}
	if !ok {
		return wire.Errorf(wire.CodeStaleRoster, "the last counters are not those of exactly the member's devices")
	}
	return nil
}

// checkWraps is rule 14: one wrap for each device that remains after those that go. Wraps ascend, so equal numbers and
// membership make the sets equal.
func (s *State) checkWraps(r *Rotation, gone []LastCounter) error {
	ok := len(r.Wraps) == s.active-len(gone)
	for n := 0; ok && n < len(r.Wraps); n++ {
		d, known := s.devices[r.Wraps[n].Device]
		ok = known && d.standing == Present
	}
	for n, at := 0, 0; ok && n < len(gone); n++ {
		for at < len(r.Wraps) && compareDevices(r.Wraps[at].Device, gone[n].Device) < 0 {
			at++
		}
		ok = at == len(r.Wraps) || r.Wraps[at].Device != gone[n].Device
	}
	if !ok {
		return wire.Errorf(wire.CodeStaleRoster, "the new key is not wrapped for exactly the devices that remain")
	}
	return nil
}
