package roster

import (
	"iter"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// Sealed is a sealed field and the epoch whose key opens it; Bytes are nil where nothing came yet or the state is blind.
type Sealed struct {
	Bytes []byte
	Epoch uint32
}

// Standing tells whether a member or device is in the mesh.
type Standing uint8

// The standings. Whoever is not present stays in the roster and never returns.
const (
	Present Standing = iota
	Left             // by its own leave
	Removed          // by another; for a device also: revoked
)

// Member is one member as folded. Devices is not to be changed; it stays as it is when the state moves on.
type Member struct {
	ID       wire.MemberID
	Role     wire.Role
	Standing Standing
	Devices  []wire.DeviceID // present ones, ascending
	Profile  Sealed          // none while the member is "joining"
	// ProfileTime is the time of the profile's statement, in milliseconds since 1970; 0: none came.
	ProfileTime uint64
	// Joined is the time of the join's (or genesis') statement, in milliseconds since 1970.
	Joined uint64
}

// Device is one device as folded.
type Device struct {
	ID       wire.DeviceID
	Member   wire.MemberID
	Public   identity.Public
	Standing Standing
	Invite   wire.InviteID // by which it came; zero for the founder's first
	Number   int           // of the statement that brought it, from 1
	// LastCounter is the highest counter that anyone may still take; of a device that is not Present only.
	LastCounter uint64
}

// CheckCounter refuses a counter above the last one of a device that is gone, with counter_past_removal.
func (d *Device) CheckCounter(counter uint64) error {
	if d.Standing != Present && counter > d.LastCounter {
		return wire.Refuse(wire.CodeCounterPastRemoval)
	}
	return nil
}

// Invitation is an invite as folded.
type Invitation struct {
	Invite
	Issuer wire.DeviceID
	Epoch  uint32 // whose root key its escrow holds
	Used   uint16
	// Retired: an invite-retired named it. Later rotations withdraw an invite too; Usable knows both.
	Retired bool
}

// TopicView is a topic as folded.
type TopicView struct {
	ID       wire.TopicID
	Creator  wire.MemberID // zero for #general
	Archived bool
	Text     Sealed // none for #general
}

// General reports whether the topic is #general, which nobody made and nobody changes.
func (t *TopicView) General() bool { return t.Creator.IsZero() }

// Mesh is the mesh's id; zero before the genesis.
func (s *State) Mesh() wire.MeshID { return s.mesh }

// Head is the present head; zero before the genesis.
func (s *State) Head() wire.Head { return s.head }

// HasHead reports whether head is, or once was, this roster's head.
func (s *State) HasHead(head wire.Head) bool { _, ok := s.heads[head]; return ok }

// Number is how many statements stand up to a head that is or once was this roster's; 0 for any other, and for the zero head.
func (s *State) Number(head wire.Head) int { return s.heads[head] }

// Statements is the number of statements folded.
func (s *State) Statements() int { return s.count }

// Owner is the genesis device's record; its Sign key is the owner_pubkey of invites.
func (s *State) Owner() identity.Public { return s.owner }

// Name is the mesh's sealed name.
func (s *State) Name() Sealed { return s.name }

// Epoch is the present epoch; 0 before the genesis.
func (s *State) Epoch() uint32 { return uint32(len(s.epochs)) }

// Commitment is what a root key of the epoch must match; false where the roster has no such epoch.
func (s *State) Commitment(epoch uint32) ([wire.CommitmentSize]byte, bool) {
	e := s.epoch(epoch)
	return e.commitment, e != &noEpoch
}

// RotatedAt is when the epoch began by the relay's clock: the landed time given to Apply. The zero time where none was given.
func (s *State) RotatedAt(epoch uint32) time.Time { return s.epoch(epoch).began }

// Wrap is the present epoch's root key for a device, and the device that made it; false in epoch 1, for a device that joined
// since, and in a blind state.
func (s *State) Wrap(device wire.DeviceID) (wrap Wrap, author wire.DeviceID, ok bool) {
	n, ok := slices.BinarySearchFunc(s.wraps, device, func(w Wrap, id wire.DeviceID) int { return compareDevices(w.Device, id) })
	if !ok {
		return Wrap{}, wire.DeviceID{}, false
	}
	return s.wraps[n], s.epoch(s.Epoch()).author, true
}

// PreviousWrap opens the root key of epoch − 1 with that of epoch; false for epoch 1 and those that are not there.
func (s *State) PreviousWrap(epoch uint32) ([PreviousWrapSize]byte, bool) {
	return s.epoch(epoch).previous, epoch > 1 && epoch <= s.Epoch()
}

var noEpoch epoch

func (s *State) epoch(number uint32) *epoch {
	if number == 0 || number > s.Epoch() {
		return &noEpoch
	}
	return &s.epochs[number-1]
}

// Member finds a member, present or not.
func (s *State) Member(id wire.MemberID) (Member, bool) {
	m, ok := s.members[id]
	if !ok {
		return Member{}, false
	}
	return m.view(), true
}

// Members are all members in the order in which they joined, those that are not Present too.
func (s *State) Members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, m := range s.joined {
			if !yield(m.view()) {
				return
			}
		}
	}
}

func (m *member) view() Member {
	return Member{
		ID: m.id, Role: m.role, Standing: m.standing, Devices: m.devices, Profile: m.profile, ProfileTime: m.profileTime,
		Joined: m.joined,
	}
}

// Device finds a device, present or not.
func (s *State) Device(id wire.DeviceID) (Device, bool) {
	d, ok := s.devices[id]
	if !ok {
		return Device{}, false
	}
	view := Device{ID: id, Member: d.member.id, Public: d.public, Standing: d.standing, LastCounter: d.last, Number: d.number}
	if d.invite != nil {
		view.Invite = d.invite.ID
	}
	return view, true
}

// DevicesOf are a member's present devices, ascending; nil for a member that is not there. It does not allocate; the slice is
// not to be changed and stays as it is when the state moves on.
func (s *State) DevicesOf(member wire.MemberID) []wire.DeviceID {
	if m, ok := s.members[member]; ok {
		return m.devices
	}
	return nil
}

// PresentMembers is the number of members that are in the mesh.
func (s *State) PresentMembers() int { return s.present }

// PresentDevices is the number of devices that are in the mesh.
func (s *State) PresentDevices() int { return s.active }

// Invitation finds an invite.
func (s *State) Invitation(id wire.InviteID) (Invitation, bool) {
	i, ok := s.invites[id]
	if !ok {
		return Invitation{}, false
	}
	return *i, true
}

// MayIssue reports whether a member could issue an invite of this roster now (rule 5).
func (s *State) MayIssue(id wire.MemberID, invite wire.InviteID) bool {
	m, i := s.members[id], s.invites[invite]
	return m != nil && i != nil && m.mayIssue(&i.Invite)
}

// Invitations are all invites in the order in which they were issued.
func (s *State) Invitations() iter.Seq[Invitation] {
	return func(yield func(Invitation) bool) {
		for _, i := range s.issued {
			if !yield(*i) {
				return
			}
		}
	}
}

// Canonical is the canonical text of an invite of this mesh.
func (s *State) Canonical(invite *Invite) string { return invite.Canonical(s.mesh, s.owner.Sign) }

// Topic finds a topic; #general is there from the genesis on.
func (s *State) Topic(id wire.TopicID) (TopicView, bool) {
	t, ok := s.topics[id]
	if !ok {
		return TopicView{}, false
	}
	return *t, true
}

// Topics are all topics, #general first and then in the order in which they were made.
func (s *State) Topics() iter.Seq[TopicView] {
	return func(yield func(TopicView) bool) {
		for _, t := range s.created {
			if !yield(*t) {
				return
			}
		}
	}
}
