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
	clock   mesh.Mark   // of the last commit
	writer  mesh.NodeID // whose commit it is
	nodes   map[mesh.NodeID]*Node
	last    mesh.NodeID
	lost    map[mesh.NodeID]mesh.Mark
	changes map[wire.MeshID]*changes
}

// changes is when each row of a mesh was changed last by each node.
type changes struct {
	streams  map[wire.Stream]marks
	counters map[wire.DeviceID]marks
	cursors  map[cursorKey]marks
	sessions map[sessionKey]marks
	invites  map[wire.InviteID]marks
}

type marks map[mesh.NodeID]mesh.Mark

// since reports whether another node than this one made a change after a mark.
func (m marks) since(since mesh.Mark, self mesh.NodeID) bool {
	for node, at := range m {
		if node != self && at > since {
			return true
		}
	}
	return false
}

// touch notes a change of the node that commits.
func touch[K comparable](d *sharedDisk, rows map[K]marks, key K) {
	if rows[key] == nil {
		rows[key] = make(marks)
	}
	rows[key][d.writer] = d.clock
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
			make(map[wire.Stream]marks), make(map[wire.DeviceID]marks), make(map[cursorKey]marks),
			make(map[sessionKey]marks), make(map[wire.InviteID]marks),
		}
		d.changes[id] = c
	}
	return c
}

func (d *sharedDisk) SaveStream(row store.StreamRow) error {
	for id, m := range d.meshes {
		if l := d.logs[row.Number-1]; m.streams[l.name] == l {
			touch(d, d.of(id).streams, l.name)
		}
	}
	return d.disk.SaveStream(row)
}

func (d *sharedDisk) SaveCounter(number int64, device wire.DeviceID, row store.CounterRow) error {
	touch(d, d.of(d.at(number).id).counters, device)
	return d.disk.SaveCounter(number, device, row)
}

func (d *sharedDisk) RaiseCursor(number int64, device wire.DeviceID, stream int64, position wire.Position) error {
	touch(d, d.of(d.at(number).id).cursors, cursorKey{device, stream})
	return d.disk.RaiseCursor(number, device, stream, position)
}

func (d *sharedDisk) AddInvite(number int64, code string, invite *mesh.NewInvite) error {
	touch(d, d.of(d.at(number).id).invites, invite.ID)
	return d.disk.AddInvite(number, code, invite)
}

func (d *sharedDisk) SaveSession(number int64, s *mesh.SessionRow) error {
	touch(d, d.of(d.at(number).id).sessions, sessionKey{s.Device, s.Session})
	return d.disk.SaveSession(number, s)
}

// Session implements store.SharedRows.
func (d *sharedDisk) Session(number int64, device wire.DeviceID, session wire.SessionID) (mesh.SessionRow, error) {
	return d.at(number).sessions[sessionKey{device, session}], nil
}

// since lists what others than one node changed after a mark, with the whole roster where they changed that: more than is asked for is
// allowed.
func (d *sharedDisk) since(id wire.MeshID, since mesh.Mark, self mesh.NodeID) (mesh.Elsewhere, error) {
	e := mesh.Elsewhere{Mark: d.clock}
	m, c := d.meshes[id], d.of(id)
	if m == nil {
		return e, wire.Refuse(wire.CodeUnknownMesh)
	}
	snapshot, err := m.snapshot(id)
	if err != nil {
		return e, err
	}
	if c.streams[wire.RosterStream(id)].since(since, self) {
		e.Roster = snapshot.Roster
	}
	for _, code := range snapshot.Codes {
		if c.invites[code.Invite].since(since, self) {
			e.Codes = append(e.Codes, code)
		}
	}
	for _, head := range snapshot.Heads {
		if c.streams[head.Stream].since(since, self) {
			if l := m.streams[head.Stream]; head.Stream.Kind == wire.StreamInbox && len(l.chunks) > 0 {
				head.Trimmed = l.chunks[0].Previous
			} else if head.Stream.Kind == wire.StreamInbox {
				head.Trimmed = head.Position
			}
			e.Heads = append(e.Heads, head)
		}
	}
	for _, counter := range snapshot.Counters {
		if c.counters[counter.Device].since(since, self) {
			e.Counters = append(e.Counters, counter)
		}
	}
	for _, cursor := range snapshot.Cursors {
		if c.cursors[cursorKey{cursor.Device, m.streams[cursor.Stream].row.Number}].since(since, self) {
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
		case !c.sessions[key].since(since, self):
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
