package postgres

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/shared/wire"
)

// moved is what a transaction changed of one mesh, as the row of change has it.
type moved struct {
	roster                                       *int64
	invites, streams, devices, cursors, sessions []byte
}

func (r *rows) of(mesh int64) *moved {
	m := r.moved[mesh]
	if m == nil {
		m = new(moved)
		r.moved[mesh] = m
	}
	return m
}

// movedStream is called before the stream's row of this transaction changes.
func (r *rows) movedStream(number int64) {
	key := r.names[number]
	of := r.of(key.mesh)
	of.streams = binary.BigEndian.AppendUint64(of.streams, uint64(number))
	if key.name.Kind == wire.StreamRoster {
		before := int64(r.streams[key].Head)
		of.roster = &before
	}
}

// queueChanges appends the statement that tells other nodes what this transaction changed.
func (r *rows) queueChanges(batch *pgx.Batch) {
	if len(r.moved) == 0 {
		return
	}
	meshes := slices.Sorted(maps.Keys(r.moved))
	var rosters []*int64
	var invites, streams, devices, cursors, sessions [][]byte
	for _, mesh := range meshes {
		m := r.moved[mesh]
		rosters, invites, streams = append(rosters, m.roster), append(invites, some(m.invites)), append(streams, some(m.streams))
		devices, cursors, sessions = append(devices, some(m.devices)), append(cursors, some(m.cursors)), append(sessions, some(m.sessions))
	}
	batch.Queue("INSERT INTO change (xid, node, mesh, roster, invites, streams, devices, cursors, sessions) SELECT "+thisXid+`, $1, n.*
		FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[]) AS n`,
		int64(r.node), meshes, rosters, invites, streams, devices, cursors, sessions)
}

// movedMeshes are those of which something was changed.
func (r *rows) movedMeshes() (ids []wire.MeshID) {
	for id, m := range r.meshes {
		if r.moved[m.row.Number] != nil {
			ids = append(ids, id)
		}
	}
	return ids
}
