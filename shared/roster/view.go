package roster

import (
	"iter"
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
	Invite wire.InviteID // by which it came; zero for the founder
}

// Device is one device as folded.
type Device struct {
	ID       wire.DeviceID
	Member   wire.MemberID
	Public   identity.Public
	Standing Standing
	Invite   wire.InviteID // by which it came; zero for the founder's first
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
	Issued uint64 // milliseconds since 1970
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
	Created  uint64 // milliseconds since 1970
}

// Mesh is the mesh's id; zero before the genesis.
func (s *State) Mesh() wire.MeshID { return s.mesh }

// Head is the present head; zero before the genesis.
func (s *State) Head() wire.Head { return s.head }

// HasHead reports whether head is, or once was, this roster's head.
func (s *State) HasHead(head wire.Head) bool { _, ok := s.heads[head]; return ok }

// Statements is the number of statements folded.
func (s *State) Statements() int { return s.count }

// Owner is the genesis device's record; its Sign key is the owner_pubkey of invites.
func (s *State) Owner() identity.Public { return s.owner }

// Name is the mesh's sealed name.
func (s *State) Name() Sealed { return s.name }

// Epoch is the present epoch; 0 before the genesis.
func (s *State) Epoch() uint32 { return uint32(len(s.epochs)) }

// Commitment is what a root key of the epoch must match; false where the roster has no such epoch.
func (s *State) Commitment(epoch uint32) ([wire.CommitmentSize]byte, bool) { panic("unwritten") }

// RotatedAt is when the epoch began by the relay's clock: the landed time given to Apply. The zero time where none was given.
func (s *State) RotatedAt(epoch uint32) time.Time { panic("unwritten") }

// Wrap is the present epoch's root key for a device, and the device that made it; false in epoch 1, for a device that joined
// since, and in a blind state.
func (s *State) Wrap(device wire.DeviceID) (wrap Wrap, author wire.DeviceID, ok bool) {
	panic("unwritten")
}

// PreviousWrap opens the root key of epoch − 1 with that of epoch; false for epoch 1 and those that are not there.
func (s *State) PreviousWrap(epoch uint32) ([PreviousWrapSize]byte, bool) { panic("unwritten") }

// Member finds a member, present or not.
func (s *State) Member(id wire.MemberID) (Member, bool) { panic("unwritten") }

// Members are all members in the order in which they joined, those that are not Present too.
func (s *State) Members() iter.Seq[Member] { panic("unwritten") }

// Device finds a device, present or not.
func (s *State) Device(id wire.DeviceID) (Device, bool) { panic("unwritten") }

// DevicesOf are a member's present devices, ascending; nil for a member that is not there. It does not allocate; the slice is
// not to be changed and stays as it is when the state moves on.
func (s *State) DevicesOf(member wire.MemberID) []wire.DeviceID { panic("unwritten") }

// PresentMembers and PresentDevices are numbers.
func (s *State) PresentMembers() int { panic("unwritten") }

// PresentDevices is the number of devices that are in the mesh.
func (s *State) PresentDevices() int { return s.active }

// Invitation finds an invite.
func (s *State) Invitation(id wire.InviteID) (Invitation, bool) { panic("unwritten") }

// Invitations are all invites in the order in which they were issued.
func (s *State) Invitations() iter.Seq[Invitation] { panic("unwritten") }

// Usable is nil where the invite can still be used at a time, and else the first of not_found, revoked, expired, exhausted
// that holds. The zero time leaves out the clock: expired is then only what the roster itself settles.
func (s *State) Usable(id wire.InviteID, now time.Time) error { panic("unwritten") }

// Canonical is the canonical text of an invite of this mesh.
func (s *State) Canonical(invite *Invite) string { return invite.Canonical(s.mesh, s.owner.Sign) }

// Topic finds a topic; #general is there from the genesis on.
func (s *State) Topic(id wire.TopicID) (TopicView, bool) { panic("unwritten") }

// Topics are all topics, #general first and then in the order in which they were made.
func (s *State) Topics() iter.Seq[TopicView] { panic("unwritten") }

// Draft is a statement on the present head, in the epoch that its kind asks for. now is the author's clock in milliseconds.
func (s *State) Draft(author wire.DeviceID, now uint64, body Body) Draft { panic("unwritten") }
