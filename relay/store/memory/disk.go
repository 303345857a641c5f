package memory

import (
	"bytes"
	"slices"
	"sync"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// disk is what was committed; it is the store.Rows of every transaction. None of its methods fails before the last check of
// an operation, so nothing needs to be rolled back.
type disk struct {
	mu         sync.Mutex // held by whoever uses the disk
	generation uint32
	meshes     map[wire.MeshID]*meshRows
	numbers    []*meshRows // by number, from 1
	logs       []*log      // by number, from 1
	invites    map[string]*inviteRow
}

type meshRows struct {
	id       wire.MeshID
	row      store.MeshRow
	streams  map[wire.Stream]*log
	counters map[wire.DeviceID]store.CounterRow
	cursors  map[cursorKey]mesh.CursorRow
	sessions map[sessionKey]mesh.SessionRow
	invites  map[wire.InviteID]*inviteRow
	records  []store.Record
}

type cursorKey struct {
	device wire.DeviceID
	stream int64
}

type sessionKey struct {
	device  wire.DeviceID
	session wire.SessionID
}

type inviteRow struct {
	mesh.InviteRow
	left int
}

type log struct {
	name   wire.Stream
	row    store.StreamRow
	chunks []store.Chunk
}

func newDisk() *disk {
	return &disk{meshes: make(map[wire.MeshID]*meshRows), invites: make(map[string]*inviteRow)}
}

func (d *disk) Mesh(id wire.MeshID) (store.MeshRow, error) {
	if m := d.meshes[id]; m != nil {
		return m.row, nil
	}
	return store.MeshRow{}, nil
}

func (d *disk) AddMesh(id wire.MeshID, row store.MeshRow) (int64, error) {
	row.Number = int64(len(d.numbers) + 1)
	m := &meshRows{
		id: id, row: row,
		streams:  make(map[wire.Stream]*log),
		counters: make(map[wire.DeviceID]store.CounterRow),
		cursors:  make(map[cursorKey]mesh.CursorRow),
		sessions: make(map[sessionKey]mesh.SessionRow),
		invites:  make(map[wire.InviteID]*inviteRow),
	}
	d.meshes[id] = m
	d.numbers = append(d.numbers, m)
	return row.Number, nil
}

func (d *disk) at(mesh int64) *meshRows { return d.numbers[mesh-1] }

func (d *disk) SaveMesh(row store.MeshRow) error {
	d.at(row.Number).row = row
	return nil
}

func (d *disk) Stream(mesh int64, name wire.Stream) (store.StreamRow, error) {
	if l := d.at(mesh).streams[name]; l != nil {
		return l.row, nil
	}
	return store.StreamRow{}, nil
}

func (d *disk) AddStream(mesh int64, name wire.Stream) (int64, error) {
	l := &log{name: name, row: store.StreamRow{Number: int64(len(d.logs) + 1)}}
	d.logs = append(d.logs, l)
	d.at(mesh).streams[name] = l
	return l.row.Number, nil
}

func (d *disk) SaveStream(row store.StreamRow) error {
	d.logs[row.Number-1].row = row
	return nil
}

func (d *disk) AddChunk(chunk store.Chunk) error {
	l := d.logs[chunk.Stream-1]
	data := make([]byte, len(chunk.Data)) // bytes.Clone would clear what it rounds up to
	copy(data, chunk.Data)
	chunk.Data = data
	l.chunks = append(l.chunks, chunk)
	return nil
}

func (d *disk) ChunkAt(stream int64, position wire.Position) (store.Chunk, error) {
	for _, chunk := range d.logs[stream-1].chunks {
		if chunk.First <= position && position <= chunk.Last {
			return chunk, nil
		}
	}
	return store.Chunk{}, nil
}

func (d *disk) OldestChunks(stream int64, take func(store.Chunk) bool) error {
	for _, chunk := range d.logs[stream-1].chunks {
		if !take(chunk) {
			break
		}
	}
	return nil
}

func (d *disk) DropChunks(stream int64, to wire.Position) error {
	l := d.logs[stream-1]
	for len(l.chunks) > 0 && l.chunks[0].Last <= to {
		l.chunks[0].Data = nil
		l.chunks = l.chunks[1:]
	}
	return nil
}

func (d *disk) Counter(mesh int64, device wire.DeviceID) (store.CounterRow, error) {
	return d.at(mesh).counters[device], nil
}

func (d *disk) SaveCounter(mesh int64, device wire.DeviceID, row store.CounterRow) error {
	d.at(mesh).counters[device] = row
	return nil
}

func (d *disk) RaiseCursor(number int64, device wire.DeviceID, stream int64, position wire.Position) error {
	cursors := d.at(number).cursors
	key := cursorKey{device, stream}
	if position > cursors[key].Position {
		cursors[key] = mesh.CursorRow{Device: device, Stream: d.logs[stream-1].name, Position: position}
	}
	return nil
}

func (d *disk) InviteUses(mesh int64, id wire.InviteID) (int, error) {
	if row := d.at(mesh).invites[id]; row != nil {
		return row.left, nil
	}
	return 0, nil
}

func (d *disk) SaveInviteUses(mesh int64, id wire.InviteID, left int) error {
	d.at(mesh).invites[id].left = left
	return nil
}

func (d *disk) CodeTaken(code string) (bool, error) { return d.invites[code] != nil, nil }

func (d *disk) AddInvite(number int64, code string, invite *mesh.NewInvite) error {
	m := d.at(number)
	row := &inviteRow{left: invite.Uses, InviteRow: mesh.InviteRow{
		Mesh: m.id, Invite: invite.ID, Code: code, Escrow: bytes.Clone(invite.Escrow), Preview: bytes.Clone(invite.Preview),
	}}
	d.invites[code], m.invites[invite.ID] = row, row
	return nil
}

func (d *disk) SaveSession(mesh int64, s *mesh.SessionRow) error {
	row := *s
	row.Card = bytes.Clone(s.Card)
	d.at(mesh).sessions[sessionKey{s.Device, s.Session}] = row
	return nil
}

func (d *disk) DropSession(mesh int64, device wire.DeviceID, session wire.SessionID) error {
	delete(d.at(mesh).sessions, sessionKey{device, session})
	return nil
}

func (d *disk) ForgetDevice(mesh int64, device wire.DeviceID) error {
	m := d.at(mesh)
	for key := range m.cursors {
		if key.device == device {
			delete(m.cursors, key)
		}
	}
	for key := range m.sessions {
		if key.device == device {
			delete(m.sessions, key)
		}
	}
	return nil
}

func (d *disk) AddRecord(mesh int64, record *store.Record) error {
	m := d.at(mesh)
	kept := *record
	kept.Shares = slices.Clone(record.Shares)
	m.records = append(m.records, kept)
	return nil
}

func (l *log) page(after wire.Position, maxBytes int) (mesh.Page, error) {
	page := store.NewPage(after, maxBytes)
	for _, chunk := range l.chunks {
		if chunk.Last <= after {
			continue
		}
		if more, err := page.Add(chunk); err != nil || !more {
			return page.Page(l.row.Head), err
		}
	}
	return page.Page(l.row.Head), nil
}

// snapshot lists rows in the order of their keys, so that what is loaded does not depend on a map's order.
func (m *meshRows) snapshot(id wire.MeshID) (mesh.Snapshot, error) {
	s := mesh.Snapshot{Mesh: id}
	page, err := m.streams[wire.RosterStream(id)].page(0, 1<<40)
	if err != nil {
		return s, err
	}
	s.Roster = page.Entries
	for name, l := range m.streams {
		if l.row.Head != 0 {
			s.Heads = append(s.Heads, mesh.StreamHead{Stream: name, Position: l.row.Head, Kept: l.row.Kept, Oldest: l.row.Oldest})
		}
	}
	for device, row := range m.counters {
		s.Counters = append(s.Counters, mesh.Counter{Device: device, Last: row.Last, Bytes: row.Bytes})
	}
	for _, cursor := range m.cursors {
		s.Cursors = append(s.Cursors, cursor)
	}
	for _, session := range m.sessions {
		if session.State != "" { // of several nodes: dropped
			s.Sessions = append(s.Sessions, session)
		}
	}
	for _, invite := range m.invites {
		s.Codes = append(s.Codes, mesh.InviteCode{Invite: invite.Invite, Code: invite.Code})
	}
	slices.SortFunc(s.Heads, func(a, b mesh.StreamHead) int { return compareStreams(a.Stream, b.Stream) })
	slices.SortFunc(s.Counters, func(a, b mesh.Counter) int { return bytes.Compare(a.Device[:], b.Device[:]) })
	slices.SortFunc(s.Cursors, func(a, b mesh.CursorRow) int {
		if c := bytes.Compare(a.Device[:], b.Device[:]); c != 0 {
			return c
		}
		return compareStreams(a.Stream, b.Stream)
	})
	slices.SortFunc(s.Sessions, func(a, b mesh.SessionRow) int {
		if c := bytes.Compare(a.Device[:], b.Device[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Session[:], b.Session[:])
	})
	slices.SortFunc(s.Codes, func(a, b mesh.InviteCode) int { return bytes.Compare(a.Invite[:], b.Invite[:]) })
	return s, nil
}

func compareStreams(a, b wire.Stream) int {
	return bytes.Compare(wire.AppendStream(nil, a), wire.AppendStream(nil, b))
}
