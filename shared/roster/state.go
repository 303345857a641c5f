package roster

import (
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// State is a folded roster. Reads cost a map look-up; Apply costs its signatures (one, two for a join or an invite) and what
// the statement changes. It keeps about 400 bytes for a member with one device, plus its sealed profile.
type State struct {
	blind bool

	mesh    wire.MeshID
	head    wire.Head
	heads   map[wire.Head]struct{}
	count   int
	owner   identity.Public
	name    Sealed
	settled uint64 // the latest time that an owner or admin put on a statement
	owners  int
	active  int // devices
	epochs  []epoch
	wraps   []Wrap // of the present epoch
	members map[wire.MemberID]*member
	joined  []*member // in the order in which they joined
	devices map[wire.DeviceID]*device
	invites map[wire.InviteID]*invitation
	issued  []*invitation
	topics  map[wire.TopicID]*topic
	created []*topic
	undo    []func()
	undoing bool
}

type epoch struct {
	commitment [wire.CommitmentSize]byte
	previous   [PreviousWrapSize]byte
	author     wire.DeviceID
	began      time.Time
}

type member struct{ Member }

type device struct{ Device }

type invitation struct{ Invitation }

type topic struct{ TopicView }

// New is an empty roster, whose first statement will be a genesis.
func New() *State { return &State{} }

// NewBlind is New for a relay: names, profiles, topics' texts and wraps, which it cannot open, are checked but not kept.
func NewBlind() *State { s := New(); s.blind = true; return s }

// Apply checks a statement with its signatures and folds it, or changes nothing and returns the refusal. landed is the
// relay's clock, for expiry and clock skew; a peer that folds passes the zero time and both are left out.
func (s *State) Apply(stmt *Statement, landed time.Time) error { panic("unwritten") }

// Check is Apply without the change.
func (s *State) Check(stmt *Statement, landed time.Time) error { panic("unwritten") }

// Replay is Apply without the signatures, for statements that this program verified before and kept in its own store.
func (s *State) Replay(stmt *Statement, landed time.Time) error { panic("unwritten") }

// Follow is what a peer does with the next statement of the roster stream: Parse and Apply. Every refusal is bad_roster: the
// relay lied or is broken, and nothing from here on is to be trusted.
func (s *State) Follow(raw []byte) (*Statement, error) { panic("unwritten") }
