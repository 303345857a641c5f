package roster

import "fmt"

// Kind tells what a statement says.
type Kind uint8

// The kinds of section 3.
const (
	KindGenesis Kind = 1 + iota
	KindInvite
	KindInviteRetired
	KindJoin
	KindProfile
	KindTopic
	KindTopicChanged
	KindRole
	KindDeviceRevoked
	KindMemberRemoved
	KindRotation
	KindLeave
)

var kindWords = [...]string{
	"none", "genesis", "invite", "invite-retired", "join", "profile", "topic", "topic-changed", "role", "device-revoked",
	"member-removed", "rotation", "leave",
}

func (k Kind) String() string {
	if int(k) < len(kindWords) {
		return kindWords[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// rotates reports whether a statement of this kind starts a new epoch.
func (k Kind) rotates() bool {
	return k == KindDeviceRevoked || k == KindMemberRemoved || k == KindRotation
}

// floats reports whether a statement of this kind may name an earlier head than the present one.
func (k Kind) floats() bool { return k == KindJoin || k == KindProfile || k == KindLeave }

// anyEpoch reports whether a statement of this kind may name any epoch up to the present one.
func (k Kind) anyEpoch() bool {
	switch k {
	case KindJoin, KindLeave, KindProfile, KindInviteRetired, KindRole:
		return true
	}
	return false
}
