package memory

import (
	"bytes"
	"maps"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// sharedDisk is a disk that several nodes use: it knows when what changed. It is the store.SharedRows of their transactions.
type sharedDisk struct {
	*disk
	clock   mesh.Mark // of the last commit
	nodes   map[mesh.NodeID]*Node
	last    mesh.NodeID
	lost    map[mesh.NodeID]mesh.Mark
	changes map[wire.MeshID]*changes
}

// changes is when each row of a mesh was changed last.
type changes struct {
	streams  map[wire.Stream]mesh.Mark
	counters map[wire.DeviceID]mesh.Mark
	cursors  map[cursorKey]mesh.Mark
	sessions map[sessionKey]mesh.Mark
	invites  map[wire.InviteID]mesh.Mark
}

func newSharedDisk() *sharedDisk {
	return &sharedDisk{
		disk: newDisk(), nodes: make(map[mesh.NodeID]*Node), lost: make(map[mesh.NodeID]mesh.Mark), changes: make(map[wire.MeshID]*changes),
	}
}

func (d *sharedDisk) of(id wire.MeshID) *changes {
	c := d.changes[id]
	if c == nil {
		c = &changes{
			make(map[wire.Stream]mesh.Mark), make(map[wire.DeviceID]mesh.Mark), make(map[cursorKey]mesh.Mark),
			make(map[sessionKey]mesh.Mark), make(map[wire.InviteID]mesh.Mark),
		}
		d.changes[id] = c
	}
	return c
}

func (d *sharedDisk) SaveStream(row store.StreamRow) error {
	for id, m := range d.meshes {
		if l := d.logs[row.Number-1]; m.streams[l.name] == l {
			d.of(id).streams[l.name] = d.clock
		}
	}
	return d.disk.SaveStream(row)
}

func (d *sharedDisk) SaveCounter(number int64, device wire.DeviceID, row store.CounterRow) error {
	d.of(d.at(number).id).counters[device] = d.clock
	return d.disk.SaveCounter(number, device, row)
}

func (d *sharedDisk) RaiseCursor(number int64, device wire.DeviceID, stream int64, position wire.Position) error {
	d.of(d.at(number).id).cursors[cursorKey{device, stream}] = d.clock
	return d.disk.RaiseCursor(number, device, stream, position)
}

func (d *sharedDisk) AddInvite(number int64, code string, invite *mesh.NewInvite) error {
	d.of(d.at(number).id).invites[invite.ID] = d.clock
	return d.disk.AddInvite(number, code, invite)
}

func (d *sharedDisk) SaveSession(number int64, s *mesh.SessionRow) error {
	d.of(d.at(number).id).sessions[sessionKey{s.Device, s.Session}] = d.clock
	return d.disk.SaveSession(number, s)
}

// Session implements store.SharedRows.
func (d *sharedDisk) Session(number int64, device wire.DeviceID, session wire.SessionID) (mesh.SessionRow, error) {
	return d.at(number).sessions[sessionKey{device, session}], nil
}

// since lists what changed after a mark, with the whole roster where that did: more than is asked for is allowed.
func (d *sharedDisk) since(id wire.MeshID, since mesh.Mark) (mesh.Elsewhere, error) {
	e := mesh.Elsewhere{Mark: d.clock}
	m, c := d.meshes[id], d.of(id)
	if m == nil {
		return e, wire.Refuse(wire.CodeUnknownMesh)
	}
	snapshot, err := m.snapshot(id)
	if err != nil {
		return e, err
	}
	if c.streams[wire.RosterStream(id)] > since {
		e.Roster = snapshot.Roster
	}
	for _, code := range snapshot.Codes {
		if c.invites[code.Invite] > since {
			e.Codes = append(e.Codes, code)
		}
	}
	for _, head := range snapshot.Heads {
		if c.streams[head.Stream] > since {
			if l := m.streams[head.Stream]; head.Stream.Kind == wire.StreamInbox && len(l.chunks) > 0 {
				head.Trimmed = l.chunks[0].Previous
			} else if head.Stream.Kind == wire.StreamInbox {
				head.Trimmed = head.Position
			}
			e.Heads = append(e.Heads, head)
		}
	}
	for _, counter := range snapshot.Counters {
		if c.counters[counter.Device] > since {
			e.Counters = append(e.Counters, counter)
		}
	}
	for _, cursor := range snapshot.Cursors {
		if c.cursors[cursorKey{cursor.Device, m.streams[cursor.Stream].row.Number}] > since {
			e.Cursors = append(e.Cursors, cursor)
		}
	}
	keys := slices.SortedFunc(maps.Keys(m.sessions), func(a, b sessionKey) int {
		if c := bytes.Compare(a.device[:], b.device[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.session[:], b.session[:])
	})
	for _, key := range keys {
		switch row := m.sessions[key]; {
		case c.sessions[key] <= since:
		case row.State == "":
			e.Gone = append(e.Gone, mesh.GoneSession{Device: key.device, Session: key.session, Version: row.Version})
		default:
			e.Sessions = append(e.Sessions, row)
		}
	}
	for _, node := range slices.Sorted(maps.Keys(d.lost)) {
		if d.lost[node] > since {
			e.Lost = append(e.Lost, node)
		}
	}
	return e, nil
}
