package keyring

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// MaxDescription is how many characters a topic's description has at most.
const MaxDescription = 500

// MeshName is what NameKey seals in the genesis.
type MeshName struct {
	Name string `json:"name"`
}

// TopicName is what NameKey seals in a topic's statements.
type TopicName struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Profile is what ProfileKey seals in a member's profile.
type Profile struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups"`
}

// Check refuses what section 2 does not allow, with wire.CodeMalformed.
func (n MeshName) Check() error { return CheckName(n.Name) }

// Check refuses what section 2 does not allow, with wire.CodeMalformed.
func (n TopicName) Check() error {
	if err := CheckLabel(n.Name); err != nil {
		return err
	}
	if utf8.RuneCountInString(n.Description) > MaxDescription || strings.ContainsFunc(n.Description, unprintable) || !utf8.ValidString(n.Description) {
		return wire.Errorf(wire.CodeMalformed, "a topic's description has at most %d characters and no control characters", MaxDescription)
	}
	return nil
}

// Check refuses what section 2 does not allow, with wire.CodeMalformed.
func (p Profile) Check() error {
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if len(p.Groups) > wire.MaxGroups {
		return wire.Errorf(wire.CodeMalformed, "a member is in at most %d groups", wire.MaxGroups)
	}
	for i, group := range p.Groups {
		if err := CheckLabel(group); err != nil {
			return err
		}
		for _, earlier := range p.Groups[:i] {
			if earlier == group {
				return wire.Errorf(wire.CodeMalformed, "a group is named twice")
			}
		}
	}
	return nil
}

// CheckName refuses a name of a mesh or member that is not 1 to 64 characters, or has white space at an end or control
// characters anywhere, with wire.CodeMalformed. Trim what a person typed first.
func CheckName(name string) error {
	n := utf8.RuneCountInString(name)
	if n < 1 || n > wire.MaxName || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unprintable) || !utf8.ValidString(name) {
		return wire.Errorf(wire.CodeMalformed, "a name has 1 to %d characters, no control characters and no space at its ends", wire.MaxName)
	}
	return nil
}

// CheckLabel refuses a name of a topic or group that is not 1 to 64 of a–z, 0–9, '-', '_' and '.', with wire.CodeMalformed.
func CheckLabel(label string) error {
	if len(label) < 1 || len(label) > wire.MaxName {
		return errLabel
	}
	for _, c := range []byte(label) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return errLabel
		}
	}
	return nil
}

var errLabel = wire.Errorf(wire.CodeMalformed, "the name of a topic or group has 1 to %d of: a-z 0-9 - _ .", wire.MaxName)

// unprintable reports what could make a name look like another or break out of its line: control characters, line and
// paragraph separators, and the marks that turn the direction of writing.
func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// SealMeshName seals a mesh's name for its genesis.
func SealMeshName(entropy io.Reader, root Root, epoch uint32, n MeshName) ([]byte, error) {
	return sealName(entropy, NameKey(root, epoch), n)
}

// SealTopicName seals a topic's name for its statements.
func SealTopicName(entropy io.Reader, root Root, epoch uint32, n TopicName) ([]byte, error) {
	return sealName(entropy, NameKey(root, epoch), n)
}

// SealProfile seals a member's profile for its statement.
func SealProfile(entropy io.Reader, root Root, epoch uint32, p Profile) ([]byte, error) {
	if p.Groups == nil {
		p.Groups = []string{}
	}
	return sealName(entropy, ProfileKey(root, epoch), p)
}

// OpenMeshName opens a mesh's name with the root key of its statement's epoch. What does not open is wire.CodeBadBody; what
// breaks a rule of section 2 is refused with the code of the rule.
func OpenMeshName(root Root, epoch uint32, sealed []byte) (MeshName, error) {
	return openName[MeshName](NameKey(root, epoch), sealed)
}

// OpenTopicName opens a topic's name, as OpenMeshName.
func OpenTopicName(root Root, epoch uint32, sealed []byte) (TopicName, error) {
	return openName[TopicName](NameKey(root, epoch), sealed)
}

// OpenProfile opens a profile, as OpenMeshName.
func OpenProfile(root Root, epoch uint32, sealed []byte) (Profile, error) {
	return openName[Profile](ProfileKey(root, epoch), sealed)
}

type checked interface{ Check() error }

func sealName(entropy io.Reader, key seal.Key, name checked) ([]byte, error) {
	if err := name.Check(); err != nil {
		return nil, err
	}
	plain, err := wire.EncodeJSON(name)
	if err != nil {
		return nil, err
	}
	if seal.PaddedSize(len(plain))+seal.Overhead > wire.MaxSealedName {
		return nil, wire.Errorf(wire.CodeTooLarge, "a name holds at most %d bytes when sealed", wire.MaxSealedName)
	}
	return seal.SealBytes(entropy, key, plain)
}

func openName[T checked](key seal.Key, sealed []byte) (T, error) {
	var name, none T
	if len(sealed) > wire.MaxSealedName {
		return none, wire.Errorf(wire.CodeTooLarge, "a name holds at most %d bytes when sealed", wire.MaxSealedName)
	}
	plain, err := seal.OpenBytes(key, sealed)
	if err != nil {
		return none, err
	}
	if err := wire.DecodeJSON(plain, wire.MaxSealedName, &name); err != nil { // calls Check
		return none, err
	}
	return name, nil
}
