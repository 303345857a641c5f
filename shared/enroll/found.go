package enroll

import (
	"context"
	"io"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
)

// Founded is a new mesh that no relay knows yet.
type Founded struct {
	Root       keyring.Root
	Statements [][]byte      // genesis and the founder's profile: what POST /api/public/meshes takes
	State      *roster.State // both folded
}

// Found makes a mesh with the device as its owner. name and display are those of the mesh and of the founder; now is the
// device's clock in milliseconds since 1970. Names that the protocol does not allow are malformed.
func Found(ctx context.Context, keys identity.Keys, entropy io.Reader, name, display string, now uint64) (*Founded, error) {
	root, err := keyring.NewRoot(entropy)
	if err != nil {
		return nil, err
	}
	sealedName, err := keyring.SealMeshName(entropy, root, 1, keyring.MeshName{Name: name})
	if err != nil {
		return nil, err
	}
	profile, err := keyring.SealProfile(entropy, root, 1, keyring.Profile{Name: display, Groups: []string{}})
	if err != nil {
		return nil, err
	}
	f := &Founded{Root: root, State: roster.New()}
	genesis := &roster.Genesis{Device: keys.Public(), Commitment: keyring.Commitment(root, 1), Name: sealedName}
	for _, body := range []roster.Body{genesis, &roster.Profile{Sealed: profile}} {
		signed, err := Sign(ctx, keys, f.State.Draft(keys.Public().DeviceID(), now, body))
		if err != nil {
			return nil, err
		}
		stmt, err := roster.Parse(signed)
		if err != nil {
			return nil, err
		}
		if err := f.State.Apply(stmt, time.Time{}); err != nil {
			return nil, err
		}
		f.Statements = append(f.Statements, signed)
	}
	return f, nil
}

// Sign signs a draft with the device's key and puts the statement together. It is for every kind but a join.
func Sign(ctx context.Context, keys identity.Keys, draft roster.Draft) ([]byte, error) {
	unsigned := draft.Unsigned()
	signature, err := keys.Sign(ctx, roster.SigningBytes(unsigned))
	if err != nil {
		return nil, err
	}
	return roster.Assemble(unsigned, signature), nil
}
