package roster

import (
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// State is a folded roster. Reads cost a map look-up. Apply costs the statement's signatures (two for a join or an invite, else
// one) and what it changes; a rotation costs a look-up for each device. A member with one device takes about 550 bytes, and its
// sealed profile where that is kept.
type State struct {
	blind bool

	mesh    wire.MeshID
	owner   identity.Public
	name    Sealed
	head    wire.Head
	count   int    // statements
	settled uint64 // the latest time that an owner or admin put on a statement, in milliseconds since 1970
	owners  int
	present int // members
	active  int // devices

	heads   map[wire.Head]int // the number of statements up to there
	epochs  []epoch
	wraps   []Wrap
	members map[wire.MemberID]*member
	joined  []*member // in the order in which they joined
	devices map[wire.DeviceID]*device
	invites map[wire.InviteID]*Invitation
	issued  []*Invitation
	topics  map[wire.TopicID]*TopicView
	created []*TopicView
}

type epoch struct {
	commitment [wire.CommitmentSize]byte
	previous   [PreviousWrapSize]byte
	author     wire.DeviceID
	began      time.Time
}

type member struct {
	id          wire.MemberID
	role        wire.Role
	standing    Standing
	devices     []wire.DeviceID // present ones, ascending; replaced, never changed in place
	profile     Sealed
	profileTime uint64
	joined      uint64
}

type device struct {
	member   *member
	invite   *Invitation // nil for the founder's first
	public   identity.Public
	standing Standing
	last     uint64
	number   int // of the statement that brought it, from 1
}

// New is an empty roster, whose first statement will be a genesis.
func New() *State { return new(State) }

// NewBlind is New for a relay: names, profiles, topics' texts and wraps, which it cannot open, are checked but not kept.
func NewBlind() *State { return &State{blind: true} }

// Apply checks a statement with its signatures and folds it, or changes nothing and returns the refusal. landed is the relay's
// clock, for expiry and clock skew; a peer that folds passes the zero time, which leaves both out.
func (s *State) Apply(stmt *Statement, landed time.Time) error {
	if err := s.Check(stmt, landed); err != nil {
		return err
	}
	s.fold(stmt, landed)
	return nil
}

// Check is Apply without the change.
func (s *State) Check(stmt *Statement, landed time.Time) error {
	if err := s.checkRules(stmt, landed); err != nil {
		return err
	}
	return s.checkSignatures(stmt)
}

// ApplyAgain is Apply for a statement that landed before and was lost since (docs/PROTOCOL.md, section 3.3): landed is when it
// does so again, by which it may be old and its invite expired, but by which it is not made ahead of the clock.
func (s *State) ApplyAgain(stmt *Statement, landed time.Time) error {
	if err := s.CheckAgain(stmt, landed); err != nil {
		return err
	}
	s.fold(stmt, landed)
	return nil
}

// CheckAgain is ApplyAgain without the change.
func (s *State) CheckAgain(stmt *Statement, landed time.Time) error {
	if err := s.Check(stmt, time.Time{}); err != nil {
		return err
	}
	if int64(stmt.Time)-landed.UnixMilli() > wire.ClockSkewSeconds*1000 {
		return wire.Refuse(wire.CodeClockSkew)
	}
	return nil
}

// Replay is Apply without the signatures and without the relay's clock, for statements that this program verified before and kept
// in its own store.
func (s *State) Replay(stmt *Statement, landed time.Time) error {
	if err := s.checkRules(stmt, time.Time{}); err != nil {
		return err
	}
	s.fold(stmt, landed)
	return nil
}

// Follow is what a peer does with the next statement of the roster stream: Parse and Apply. Every refusal is bad_roster: the
// relay lied or is broken, and nothing from here on is to be trusted.
func (s *State) Follow(raw []byte) (*Statement, error) {
	stmt, err := Parse(raw)
	if err == nil {
		err = s.Apply(stmt, time.Time{})
	}
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadRoster, "%s Statement %d: %s", wire.CodeBadRoster.Info().Sentence, s.count+1, err)
	}
	return stmt, nil
}

// Draft is a statement on the present head, in the epoch that its kind asks for. now is the author's clock in milliseconds
// since 1970.
func (s *State) Draft(author wire.DeviceID, now uint64, body Body) Draft {
	d := Draft{Mesh: s.mesh, Prev: s.head, Author: author, Time: now, Epoch: s.Epoch(), Body: body}
	if body.Kind().rotates() || body.Kind() == KindGenesis {
		d.Epoch++
	}
	return d
}
