package roster

import (
	"bytes"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// fold makes the change of a statement that was checked. Everything kept is copied out of the statement's buffer, which may
// be a whole WebSocket message.
func (s *State) fold(stmt *Statement, landed time.Time) {
	author := s.authorOf(stmt)
	if author != nil && author.role >= wire.RoleAdmin || stmt.Kind == KindGenesis {
		s.settled = max(s.settled, stmt.Time)
	}
	switch body := stmt.Body.(type) {
	case *Genesis:
		s.foldGenesis(stmt, body, landed)
	case *Invite:
		added := &Invitation{Invite: *body, Issuer: stmt.Author, Epoch: stmt.Epoch}
		s.invites[body.ID] = added
		s.issued = append(s.issued, added)
	case *InviteRetired:
		for _, id := range body.Invites {
			s.invites[id].Retired = true
		}
	case *Join:
		s.foldJoin(stmt, body)
	case *Profile:
		author.profile, author.profileTime = s.keep(body.Sealed, stmt.Epoch), stmt.Time
	case *Topic:
		s.addTopic(&TopicView{ID: stmt.TopicID(), Creator: author.id, Text: s.keep(body.Sealed, stmt.Epoch)})
	case *TopicChanged:
		changed := s.topics[body.Topic]
		changed.Archived, changed.Text = body.Archived, s.keep(body.Sealed, stmt.Epoch)
	case *Role:
		s.setRole(s.members[body.Member], body.Role)
	case *DeviceRevoked:
		for _, last := range body.Last {
			s.endDevice(last, Removed)
		}
		s.rotate(&body.Rotation, stmt.Author, landed)
	case *MemberRemoved:
		s.endMember(s.members[body.Member], body.Last, Removed)
		s.rotate(&body.Rotation, stmt.Author, landed)
	case *Rotation:
		s.rotate(body, stmt.Author, landed)
	case *Leave:
		s.endMember(author, body.Last, Left)
	}
	s.head = stmt.HeadAfter(s.head)
	s.count++
	s.heads[s.head] = s.count
}

func (s *State) foldGenesis(stmt *Statement, body *Genesis, landed time.Time) {
	s.mesh, s.owner, s.name = stmt.MeshID(), body.Device, s.keep(body.Name, stmt.Epoch)
	s.heads = make(map[wire.Head]int)
	s.members = make(map[wire.MemberID]*member)
	s.devices = make(map[wire.DeviceID]*device)
	s.invites = make(map[wire.InviteID]*Invitation)
	s.topics = make(map[wire.TopicID]*TopicView)
	s.epochs = []epoch{{commitment: body.Commitment, author: stmt.Author, began: landed}}
	s.addMember(wire.MemberID(stmt.Author), wire.RoleOwner, stmt.Time)
	s.addDevice(stmt.Author, wire.MemberID(stmt.Author), body.Device, nil)
	s.addTopic(&TopicView{ID: wire.GeneralTopic(s.mesh)})
}

func (s *State) foldJoin(stmt *Statement, body *Join) {
	invite := s.invites[body.Invite]
	invite.Used++
	id := body.Member
	if id.IsZero() {
		id = wire.MemberID(stmt.Author)
		s.addMember(id, invite.Role, stmt.Time)
	}
	s.addDevice(stmt.Author, id, body.Device, invite)
}

func (s *State) addMember(id wire.MemberID, role wire.Role, now uint64) {
	added := &member{id: id, role: role, joined: now}
	s.members[id] = added
	s.joined = append(s.joined, added)
	s.present++
	if role == wire.RoleOwner {
		s.owners++
	}
}

func (s *State) addDevice(id wire.DeviceID, of wire.MemberID, public identity.Public, invite *Invitation) {
	m := s.members[of]
	at, _ := slices.BinarySearchFunc(m.devices, id, compareDevices)
	m.devices = slices.Insert(slices.Clone(m.devices), at, id)
	s.devices[id] = &device{member: m, invite: invite, public: public, number: s.count + 1}
	s.active++
}

func (s *State) addTopic(t *TopicView) {
	s.topics[t.ID] = t
	s.created = append(s.created, t)
}

func (s *State) setRole(m *member, role wire.Role) {
	s.owners += owners(role) - owners(m.role)
	m.role = role
}

func owners(role wire.Role) int {
	if role == wire.RoleOwner {
		return 1
	}
	return 0
}

func (s *State) endMember(m *member, last []LastCounter, standing Standing) {
	m.standing = standing
	s.present--
	s.owners -= owners(m.role)
	for _, l := range last {
		s.endDevice(l, standing)
	}
}

func (s *State) endDevice(last LastCounter, standing Standing) {
	d := s.devices[last.Device]
	d.standing, d.last = standing, last.Counter
	d.member.devices = slices.DeleteFunc(slices.Clone(d.member.devices), func(id wire.DeviceID) bool { return id == last.Device })
	s.active--
}

// rotate begins the next epoch. Open invites need no change: they belong to the epoch before, which makes them void.
func (s *State) rotate(r *Rotation, author wire.DeviceID, landed time.Time) {
	s.epochs = append(s.epochs, epoch{commitment: r.Commitment, previous: r.Previous, author: author, began: landed})
	if !s.blind {
		s.wraps = r.Wraps // copies already
	}
}

func (s *State) keep(sealed []byte, epoch uint32) Sealed {
	if s.blind {
		return Sealed{Epoch: epoch}
	}
	return Sealed{Bytes: bytes.Clone(sealed), Epoch: epoch}
}
