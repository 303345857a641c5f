package api

import (
	"context"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// A marker is what the page keeps outside IndexedDB: which register there was, and what the person's meshes are called. A
// browser that evicts a page's storage deletes all databases at once, and then only the marker tells that this is no first
// visit. The register is the truth as long as it is the one that the marker names; a marker that is merely out of date,
// which a restarted program is handed, says nothing.
type marker struct {
	Register string       `json:"register"`
	Meshes   []markedMesh `json:"meshes"`
}

type markedMesh struct {
	Mesh  string `json:"mesh"`
	Name  string `json:"name"`
	Relay string `json:"relay"`
}

// marker is the text that the page is to keep.
func (r *register) marker(entries []entry) (string, error) {
	m := marker{Register: r.id, Meshes: []markedMesh{}}
	for _, e := range entries {
		if e.Mesh != "" && !e.isAgent() {
			m.Meshes = append(m.Meshes, markedMesh{e.Mesh, e.MeshName, e.Relay})
		}
	}
	text, err := wire.EncodeJSON(m)
	return string(text), err
}

// lost registers the meshes of a marker whose register is gone, once, and gives their entries.
func (r *register) lost(ctx context.Context, text string, since int64, name func() (string, error)) ([]entry, error) {
	var m marker
	if text == "" || wire.DecodeKnownJSON([]byte(text), &m) != nil || m.Register == "" || m.Register == r.id {
		return nil, nil
	}
	key := []byte(keyTold + m.Register)
	told, err := r.store.Get(ctx, peer.BucketMeta, key)
	if err != nil || told != nil {
		return nil, err
	}
	var entries []entry
	ops := []peer.Op{{Bucket: peer.BucketMeta, Key: key, Value: []byte{}}}
	for _, mesh := range m.Meshes {
		var id wire.MeshID
		if id.UnmarshalText([]byte(mesh.Mesh)) != nil {
			continue
		}
		e := entry{Stage: stageLost, Role: Role(wire.RoleMember.String()), Mesh: mesh.Mesh, MeshName: mesh.Name, Relay: mesh.Relay, Since: since}
		if e.name, err = name(); err != nil {
			return nil, err
		}
		value, err := wire.EncodeJSON(e)
		if err != nil {
			return nil, err
		}
		ops = append(ops, deviceRow(e.name, value))
		entries = append(entries, e)
	}
	return entries, r.store.Commit(ctx, ops)
}
