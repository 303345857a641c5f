package enroll

import (
	"context"
	"errors"
	"testing"
	"testing/iotest"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// A founded mesh is two statements that anyone can fold, whose names open with its root key.
func TestFound(t *testing.T) {
	ada := device(t, "ada")
	f := found(t, ada)
	state := roster.New()
	for _, raw := range f.Statements {
		land(t, state, raw, nil)
	}
	if len(f.Statements) != 2 || state.Head() != f.State.Head() || state.Owner() != ada.Public() {
		t.Fatalf("%d statements by %v", len(f.Statements), state.Owner())
	}
	commitment, _ := state.Commitment(1)
	if err := keyring.Check(f.Root, 1, commitment); err != nil {
		t.Error(err)
	}
	name, err := keyring.OpenMeshName(f.Root, 1, state.Name().Bytes)
	if err != nil || name.Name != "a mesh" {
		t.Errorf("the mesh is called %q, %v", name.Name, err)
	}
	owner, _ := state.Member(wire.MemberID(ada.Public().DeviceID()))
	profile, err := keyring.OpenProfile(f.Root, owner.Profile.Epoch, owner.Profile.Bytes)
	if err != nil || profile.Name != "Ada" || owner.Role != wire.RoleOwner {
		t.Errorf("the owner is called %q, %v", profile.Name, err)
	}
}

func TestFoundRefuses(t *testing.T) {
	ada := device(t, "ada")
	for name, names := range map[string][2]string{
		"no mesh name": {"", "Ada"}, "no name": {"a mesh", ""}, "a control character": {"a mesh", "A\x07"},
	} {
		if _, err := Found(t.Context(), ada, seeded("mesh"), names[0], names[1], now); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("no entropy")
	if _, err := Found(t.Context(), ada, iotest.ErrReader(broken), "a mesh", "Ada", now); !errors.Is(err, broken) {
		t.Errorf("without entropy: %v", err)
	}
	if _, err := Found(t.Context(), locked{ada}, seeded("mesh"), "a mesh", "Ada", now); !errors.Is(err, errLocked) {
		t.Errorf("without signatures: %v", err)
	}
}

var errLocked = errors.New("the key is locked")

// locked is a device that cannot sign just now.
type locked struct{ identity.Keys }

func (locked) Sign(context.Context, []byte) ([]byte, error) { return nil, errLocked }
