package wire

import (
	"encoding/hex"
	"fmt"
)

// IDSize is the size in bytes of every id but session and message ids.
const IDSize = 32

// ShortIDSize is the size in bytes of session and message ids.
const ShortIDSize = 16

// The ids of docs/PROTOCOL.md, section 2. They are distinct types so that one cannot stand for another. Their text form
// is lower-case hex. The zero value means "none".
type (
	MeshID    [IDSize]byte
	MemberID  [IDSize]byte
	DeviceID  [IDSize]byte
	TopicID   [IDSize]byte
	InviteID  [IDSize]byte // the invite's Ed25519 public key
	Head      [IDSize]byte // the roster's head: a hash over everything before it
	Hash      [IDSize]byte // SHA-256 of something sealed (escrow, preview, context)
	SessionID [ShortIDSize]byte
	MessageID [ShortIDSize]byte
)

func (id MeshID) String() string    { return hex.EncodeToString(id[:]) }
func (id MemberID) String() string  { return hex.EncodeToString(id[:]) }
func (id DeviceID) String() string  { return hex.EncodeToString(id[:]) }
func (id TopicID) String() string   { return hex.EncodeToString(id[:]) }
func (id InviteID) String() string  { return hex.EncodeToString(id[:]) }
func (id Head) String() string      { return hex.EncodeToString(id[:]) }
func (id Hash) String() string      { return hex.EncodeToString(id[:]) }
func (id SessionID) String() string { return hex.EncodeToString(id[:]) }
func (id MessageID) String() string { return hex.EncodeToString(id[:]) }

func (id MeshID) IsZero() bool    { return id == MeshID{} }
func (id MemberID) IsZero() bool  { return id == MemberID{} }
func (id DeviceID) IsZero() bool  { return id == DeviceID{} }
func (id TopicID) IsZero() bool   { return id == TopicID{} }
func (id InviteID) IsZero() bool  { return id == InviteID{} }
func (id Head) IsZero() bool      { return id == Head{} }
func (id Hash) IsZero() bool      { return id == Hash{} }
func (id SessionID) IsZero() bool { return id == SessionID{} }
func (id MessageID) IsZero() bool { return id == MessageID{} }

func (id MeshID) MarshalText() ([]byte, error)    { return marshalHex(id[:]) }
func (id MemberID) MarshalText() ([]byte, error)  { return marshalHex(id[:]) }
func (id DeviceID) MarshalText() ([]byte, error)  { return marshalHex(id[:]) }
func (id TopicID) MarshalText() ([]byte, error)   { return marshalHex(id[:]) }
func (id InviteID) MarshalText() ([]byte, error)  { return marshalHex(id[:]) }
func (id Head) MarshalText() ([]byte, error)      { return marshalHex(id[:]) }
func (id Hash) MarshalText() ([]byte, error)      { return marshalHex(id[:]) }
func (id SessionID) MarshalText() ([]byte, error) { return marshalHex(id[:]) }
func (id MessageID) MarshalText() ([]byte, error) { return marshalHex(id[:]) }

func (id *MeshID) UnmarshalText(text []byte) error    { return ParseHex(id[:], string(text)) }
func (id *MemberID) UnmarshalText(text []byte) error  { return ParseHex(id[:], string(text)) }
func (id *DeviceID) UnmarshalText(text []byte) error  { return ParseHex(id[:], string(text)) }
func (id *TopicID) UnmarshalText(text []byte) error   { return ParseHex(id[:], string(text)) }
func (id *InviteID) UnmarshalText(text []byte) error  { return ParseHex(id[:], string(text)) }
func (id *Head) UnmarshalText(text []byte) error      { return ParseHex(id[:], string(text)) }
func (id *Hash) UnmarshalText(text []byte) error      { return ParseHex(id[:], string(text)) }
func (id *SessionID) UnmarshalText(text []byte) error { return ParseHex(id[:], string(text)) }
func (id *MessageID) UnmarshalText(text []byte) error { return ParseHex(id[:], string(text)) }

func marshalHex(id []byte) ([]byte, error) { return []byte(hex.EncodeToString(id)), nil }

// ParseHex fills id from lower-case hex of exactly its length; anything else is CodeMalformed.
func ParseHex(id []byte, text string) error {
	if len(text) != 2*len(id) {
		return Errorf(CodeMalformed, "an id has %d hex digits, this one %d", 2*len(id), len(text))
	}
	for i := range id {
		high, low := hexDigit(text[2*i]), hexDigit(text[2*i+1])
		if high > 15 || low > 15 {
			return Errorf(CodeMalformed, "an id is written in lower-case hex")
		}
		id[i] = high<<4 | low
	}
	return nil
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// GeneralTopic is the id of #general, which exists in every mesh (section 2).
func GeneralTopic(mesh MeshID) TopicID { return HashOf("general", mesh[:]) }

// MessageIDOf is the id of the message that a device sent under a counter (section 2).
func MessageIDOf(mesh MeshID, device DeviceID, counter uint64) MessageID {
	sum := HashOf("message-id", mesh[:], device[:], AppendU64(nil, counter))
	return MessageID(sum[:ShortIDSize])
}

// Role is what a member may do; a higher one may do more (section 3).
type Role uint8

// The roles of section 3.
const (
	RoleNone Role = iota
	RoleGuest
	RoleMember
	RoleAdmin
	RoleOwner
)

var roleWords = [...]string{"none", "guest", "member", "admin", "owner"}

func (r Role) String() string {
	if int(r) < len(roleWords) {
		return roleWords[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Valid reports whether r is one of the four roles.
func (r Role) Valid() bool { return r >= RoleGuest && r <= RoleOwner }

// ParseRole reads a role's word.
func ParseRole(word string) (Role, error) {
	for r := RoleGuest; r <= RoleOwner; r++ {
		if roleWords[r] == word {
			return r, nil
		}
	}
	return RoleNone, Errorf(CodeMalformed, "%q is no role: guest, member, admin or owner", word)
}

// MarshalText writes the role's word.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a role's word.
func (r *Role) UnmarshalText(text []byte) error {
	role, err := ParseRole(string(text))
	if err == nil {
		*r = role
	}
	return err
}
