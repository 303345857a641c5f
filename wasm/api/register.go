package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// RegisterBuckets are the buckets of the register's store. Its keys in peer.BucketMeta begin with one of these.
var RegisterBuckets = [...]string{peer.BucketMeta}

const (
	keyID     = "id"      // the register's own id
	keyTold   = "told "   // ‖ id of an older register, whose loss was told
	keyDevice = "device " // ‖ name → JSON: entry
)

func deviceRow(name string, value []byte) peer.Op {
	return peer.Op{Bucket: peer.BucketMeta, Key: []byte(keyDevice + name), Value: value}
}

// A stage is how far a device has come.
type stage string

const (
	stageCreating stage = "creating" // its mesh is being made
	stageJoining  stage = "joining"  // its invite is being claimed
	stageMember   stage = "member"
	stageLost     stage = "lost" // the browser deleted its store
)

// An entry is what the register knows of a device. Its name is the name of its store.
type entry struct {
	name        string
	Stage       stage  `json:"stage"`
	Mesh        string `json:"mesh"` // id; empty while the mesh is being made
	MeshName    string `json:"mesh_name"`
	DisplayName string `json:"display_name"`
	Role        Role   `json:"role"`
	Relay       string `json:"relay"`
	Link        string `json:"link"` // while joining; it holds the invite's secret
	// Since is when the device was registered, in milliseconds since 1970. Meshes are listed in this order.
	Since int64 `json:"since"`
	// Agent is the name of the demo agent whose device this is; empty for the person's own.
	Agent string `json:"agent"`
	// Status and Summary are what the person last said of themselves.
	Status  Status `json:"status"`
	Summary string `json:"summary"`
}

func (e entry) isAgent() bool { return e.Agent != "" }

// A register is the durable list of this browser's devices.
type register struct {
	store driver.Store
	// id is random and names this register, so that one made anew after the browser deleted everything is told apart.
	id string
}

func openRegister(ctx context.Context, storage Storage, entropy io.Reader) (*register, []entry, error) {
	store, err := storage.Register(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := &register{store: store}
	entries, err := r.load(ctx, entropy)
	if err != nil {
		_ = store.Close()
		return nil, nil, err
	}
	return r, entries, nil
}

func (r *register) load(ctx context.Context, entropy io.Reader) ([]entry, error) {
	id, err := r.store.Get(ctx, peer.BucketMeta, []byte(keyID))
	if err != nil {
		return nil, err
	}
	if id == nil {
		if id, err = randomName(entropy); err != nil {
			return nil, err
		}
		if err := r.store.Commit(ctx, []peer.Op{{Bucket: peer.BucketMeta, Key: []byte(keyID), Value: id}}); err != nil {
			return nil, err
		}
	}
	r.id = string(id)
	behind := []byte(keyDevice)
	behind[len(behind)-1]++
	records, err := r.store.Scan(ctx, peer.BucketMeta, driver.Range{From: []byte(keyDevice), To: behind})
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(records))
	for i, record := range records {
		if err := wire.DecodeKnownJSON(record.Value, &entries[i]); err != nil {
			return nil, wire.Errorf(wire.CodeStorage, "The list of this browser's meshes cannot be read.")
		}
		entries[i].name = string(record.Key[len(keyDevice):])
	}
	order.By(entries, older)
	return entries, nil
}

func older(a, b entry) int {
	if a.Since != b.Since {
		return int(a.Since - b.Since)
	}
	return strings.Compare(a.name, b.name)
}

// randomName is 16 random bytes in hex.
func randomName(entropy io.Reader) ([]byte, error) {
	var b [16]byte
	if _, err := io.ReadFull(entropy, b[:]); err != nil {
		return nil, fmt.Errorf("drawing a name: %w", err)
	}
	return hex.AppendEncode(nil, b[:]), nil
}

func (r *register) save(ctx context.Context, entries ...entry) error {
	ops := make([]peer.Op, len(entries))
	for i, e := range entries {
		value, err := wire.EncodeJSON(e)
		if err != nil {
			return err
		}
		ops[i] = deviceRow(e.name, value)
	}
	return r.store.Commit(ctx, ops)
}

func (r *register) remove(ctx context.Context, name string) error {
	return r.store.Commit(ctx, []peer.Op{deviceRow(name, nil)})
}
