package driver

import (
	"context"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Keys of peer.BucketMeta for what is under way before the core has a mesh.
var (
	rowFounding = []byte("founding")
	rowClaiming = []byte("claiming")
	rowIdentity = []byte("identity")
)

// founding is a mesh that was made here and that the relay may not have yet.
type founding struct {
	Relay      string   `json:"relay"`
	Name       string   `json:"name"`
	Display    string   `json:"display_name"`
	Made       int64    `json:"made"` // milliseconds since 1970
	Root       []byte   `json:"root"`
	Statements [][]byte `json:"statements"`
}

// staleAfter is when signed statements are too old for a relay's clock.
const staleAfter = (wire.ClockSkewSeconds - 60) * 1000

// Create makes a mesh on a relay, with this device as its owner. It stores before it sends: called again after a crash
// or a lost connection, it makes the same mesh.
func Create(ctx context.Context, host Host, options CreateOptions) error {
	relay, err := relayAddress(options.Relay)
	if err != nil {
		return err
	}
	if err := freshStore(ctx, host); err != nil {
		return err
	}
	want := founding{Relay: relay, Name: strings.TrimSpace(options.Name), Display: strings.TrimSpace(options.DisplayName)}
	for again := false; ; again = true {
		f, err := found(ctx, host, want)
		if err != nil {
			return err
		}
		err = publish(ctx, host, f, options.Token)
		if wire.CodeOf(err) == wire.CodeClockSkew && !again && host.Now().UnixMilli()-f.Made > staleAfter {
			// It was signed too long ago to be taken, so no relay has it: sign another.
			if err := commit(ctx, host, peer.Op{Bucket: peer.BucketMeta, Key: rowFounding}); err != nil {
				return err
			}
			continue
		}
		return err
	}
}

// freshStore refuses a store that is in a mesh already.
func freshStore(ctx context.Context, host Host) error {
	row, err := host.Store.Get(ctx, peer.BucketMeta, rowIdentity)
	if err != nil {
		return storage(err)
	}
	if row != nil {
		return wire.Refuse(wire.CodeAlreadyJoined)
	}
	return nil
}

func commit(ctx context.Context, host Host, ops ...peer.Op) error {
	if err := host.Store.Commit(ctx, ops); err != nil {
		return storage(err)
	}
	return nil
}

// found gives the mesh that an earlier call made with the same wishes, or makes and stores one.
func found(ctx context.Context, host Host, want founding) (founding, error) {
	row, err := host.Store.Get(ctx, peer.BucketMeta, rowFounding)
	if err != nil {
		return want, storage(err)
	}
	var have founding
	if row != nil && wire.DecodeKnownJSON(row, &have) == nil &&
		have.Relay == want.Relay && have.Name == want.Name && have.Display == want.Display {
		return have, nil
	}
	want.Made = host.Now().UnixMilli()
	made, err := enroll.Found(ctx, host.Keys, host.Entropy, want.Name, want.Display, uint64(want.Made))
	if err != nil {
		return want, err
	}
	want.Root, want.Statements = made.Root[:], made.Statements
	value, err := wire.EncodeJSON(want)
	if err != nil {
		return want, err
	}
	return want, commit(ctx, host, peer.Op{Bucket: peer.BucketMeta, Key: rowFounding, Value: value})
}

// publish gives the mesh to the relay and makes the store the founder's.
func publish(ctx context.Context, host Host, f founding, token string) error {
	made := &enroll.Founded{Root: keyring.Root(f.Root), Statements: f.Statements, State: roster.New()}
	for _, statement := range f.Statements {
		stmt, err := roster.Parse(statement)
		if err == nil {
			err = made.State.Apply(stmt, time.Time{})
		}
		if err != nil {
			return err
		}
	}
	var answer struct {
		Mesh     wire.MeshID   `json:"mesh_id"`
		Head     wire.Head     `json:"head"`
		Position wire.Position `json:"position"`
	}
	in := struct {
		Statements [][]byte `json:"statements"`
	}{f.Statements}
	if err := request(ctx, host.HTTP, "POST", f.Relay+"/api/public/meshes", token, in, &answer); err != nil {
		return err
	}
	if answer.Mesh != made.State.Mesh() || answer.Head != made.State.Head() {
		return wire.Errorf(wire.CodeBadRoster, "The relay answered with another mesh than the one that was made here.")
	}
	ops := peer.Founded(f.Relay, made, answer.Position)
	return commit(ctx, host, append(ops, peer.Op{Bucket: peer.BucketMeta, Key: rowFounding})...)
}
