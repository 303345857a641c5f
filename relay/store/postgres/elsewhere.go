package postgres

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// changed is what other nodes changed of a mesh, by its keys. A key may be there several times.
type changed struct {
	mesh    int64
	horizon mesh.Mark
	roster  *int64 // position of the statement before the first one
	streams []int64
	invites, devices,
	cursorDevices, sessionDevices, sessions [][]byte
	cursorStreams []int64
}

// Elsewhere implements store.Shared. What this node did itself is left out. It takes a second round trip where something changed;
// what it finds then may be newer than the mark.
func (s *Store) Elsewhere(ctx context.Context, id wire.MeshID, since mesh.Mark) (mesh.Elsewhere, error) {
	const doing = "asking what other nodes did"
	var e mesh.Elsewhere
	var c changed
	if err := s.ask(ctx, doing, func(batch *pgx.Batch) {
		e, c = mesh.Elsewhere{}, changed{}
		queueChanged(batch, id, since, s.Node(), &e, &c)
	}); err != nil {
		return mesh.Elsewhere{}, err
	}
	switch {
	case c.mesh == 0:
		return mesh.Elsewhere{}, wire.Refuse(wire.CodeUnknownMesh)
	case eraOf(since) != eraOf(e.Mark) || since < c.horizon:
		return s.everything(ctx, id)
	case !c.any():
		return e, nil
	}
	mark, lost := e.Mark, e.Lost
	err := s.ask(ctx, doing, func(batch *pgx.Batch) {
		e = mesh.Elsewhere{Mark: mark, Lost: lost}
		c.queue(batch, id, &e)
	})
	if err != nil {
		return mesh.Elsewhere{}, err
	}
	return e, nil
}

// queueChanged reads which rows changed: first the mark, so that what comes in between is seen again, and the horizon at last, so
// that nothing can have been dropped before it was read.
func queueChanged(batch *pgx.Batch, id wire.MeshID, since mesh.Mark, self mesh.NodeID, e *mesh.Elsewhere, c *changed) {
	batch.Queue("SELECT " + markNow).QueryRow(func(found pgx.Row) error { return found.Scan(&e.Mark) })
	batch.Queue(`SELECT roster, invites, streams, devices, cursors, sessions FROM change
		WHERE mesh = (SELECT number FROM mesh WHERE id = $1) AND xid >= $2 AND node <> $3`, id[:], xidOf(since), int64(self)).
		Query(func(found pgx.Rows) error {
			var roster *int64
			var invites, streams, devices, cursors, sessions []byte
			return each(found, []any{&roster, &invites, &streams, &devices, &cursors, &sessions}, func() {
				if roster != nil && (c.roster == nil || *roster < *c.roster) {
					c.roster = roster
				}
				roster = nil // the next row's is another
				c.add(invites, streams, devices, cursors, sessions)
				invites, streams, devices, cursors, sessions = nil, nil, nil, nil, nil
			})
		})
	batch.Queue("SELECT id FROM node WHERE lost >= $1 ORDER BY id", xidOf(since)).Query(func(found pgx.Rows) error {
		var node mesh.NodeID
		return each(found, []any{&node}, func() { e.Lost = append(e.Lost, node) })
	})
	batch.Queue("SELECT coalesce((SELECT number FROM mesh WHERE id = $1), 0), horizon FROM relay", id[:]).
		QueryRow(func(found pgx.Row) error { return found.Scan(&c.mesh, &c.horizon) })
}

func (c *changed) add(invites, streams, devices, cursors, sessions []byte) {
	c.invites = append(c.invites, pieces(invites, wire.IDSize)...)
	for _, number := range pieces(streams, 8) {
		c.streams = append(c.streams, int64(binary.BigEndian.Uint64(number)))
	}
	c.devices = append(c.devices, pieces(devices, wire.IDSize)...)
	for _, cursor := range pieces(cursors, wire.IDSize+8) {
		c.cursorDevices = append(c.cursorDevices, cursor[:wire.IDSize])
		c.cursorStreams = append(c.cursorStreams, int64(binary.BigEndian.Uint64(cursor[wire.IDSize:])))
	}
	for _, session := range pieces(sessions, wire.IDSize+wire.ShortIDSize) {
		c.sessionDevices = append(c.sessionDevices, session[:wire.IDSize])
		c.sessions = append(c.sessions, session[wire.IDSize:])
	}
}

// pieces cuts what is written one behind the other.
func pieces(b []byte, size int) (all [][]byte) {
	for ; len(b) >= size; b = b[size:] {
		all = append(all, b[:size:size])
	}
	return all
}

func (c *changed) any() bool {
	return c.roster != nil || len(c.streams)+len(c.devices)+len(c.cursorDevices)+len(c.sessions) > 0
}

// queue reads the rows that changed.
func (c *changed) queue(batch *pgx.Batch, id wire.MeshID, e *mesh.Elsewhere) {
	if c.roster != nil {
		queueStatements(batch, id, *c.roster, &e.Roster)
	}
	if len(c.invites) > 0 {
		batch.Queue("SELECT id, code FROM invite WHERE mesh = $1 AND id = ANY ($2) ORDER BY id", c.mesh, c.invites).
			Query(func(found pgx.Rows) (err error) { e.Codes, err = readCodes(found); return err })
	}
	if len(c.streams) > 0 {
		batch.Queue("SELECT "+headColumns+", "+trimmedColumn+" FROM stream s WHERE s.number = ANY ($1) ORDER BY s.kind, s.id", c.streams).
			Query(func(found pgx.Rows) (err error) { e.Heads, err = readHeads(found); return err })
	}
	if len(c.devices) > 0 {
		batch.Queue("SELECT "+counterColumns+" FROM counter c WHERE c.mesh = $1 AND c.device = ANY ($2) ORDER BY c.device", c.mesh, c.devices).
			Query(func(found pgx.Rows) (err error) { e.Counters, err = readCounters(found); return err })
	}
	if len(c.cursorDevices) > 0 {
		batch.Queue("SELECT "+cursorColumns+` FROM (SELECT DISTINCT * FROM unnest($2::bytea[], $3::bigint[])) AS n (device, stream)
			JOIN cursor c ON c.mesh = $1 AND c.device = n.device AND c.stream = n.stream JOIN stream s ON s.number = c.stream
			ORDER BY c.device, s.kind, s.id`, c.mesh, c.cursorDevices, c.cursorStreams).
			Query(func(found pgx.Rows) (err error) { e.Cursors, err = readCursors(found); return err })
	}
	if len(c.sessions) > 0 {
		batch.Queue("SELECT "+sessionColumns+` FROM (SELECT DISTINCT * FROM unnest($2::bytea[], $3::bytea[])) AS w (device, session)
			JOIN session n ON n.mesh = $1 AND n.device = w.device AND n.session = w.session
			ORDER BY n.device, n.session`, c.mesh, c.sessionDevices, c.sessions).Query(func(found pgx.Rows) error { return readGone(found, e) })
	}
}

// readGone reads sessions that are there, and those that were dropped.
func readGone(found pgx.Rows, e *mesh.Elsewhere) error {
	return eachSession(found, func(_ int64, row mesh.SessionRow) {
		if row.State == "" {
			e.Gone = append(e.Gone, mesh.GoneSession{Device: row.Device, Session: row.Session, Version: row.Version})
		} else {
			e.Sessions = append(e.Sessions, row)
		}
	})
}

// everything gives all that a mesh has, to one who asks after so long a time that the changes are dropped, or after a crash.
func (s *Store) everything(ctx context.Context, id wire.MeshID) (mesh.Elsewhere, error) {
	var e mesh.Elsewhere
	build := func(batch *pgx.Batch) {
		e = mesh.Elsewhere{}
		snapshot := mesh.Snapshot{Mesh: id}
		batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		queueLoad(batch, &snapshot, trimmedColumn)
		batch.Queue("SELECT "+sessionColumns+" FROM session n JOIN mesh m ON m.number = n.mesh WHERE m.id = $1 AND n.gone IS NOT NULL", id[:]).
			Query(func(found pgx.Rows) error { return readGone(found, &e) })
		batch.Queue(`SELECT DISTINCT n.node FROM session n JOIN mesh m ON m.number = n.mesh
			WHERE m.id = $1 AND n.node <> 0 AND n.node NOT IN (SELECT id FROM node WHERE lost IS NULL) ORDER BY n.node`, id[:]).
			Query(func(found pgx.Rows) error {
				var node mesh.NodeID
				return each(found, []any{&node}, func() { e.Lost = append(e.Lost, node) })
			})
		batch.Queue("COMMIT").Exec(func(pgconn.CommandTag) error {
			e.Mark, e.Roster, e.Codes, e.Heads = snapshot.Mark, snapshot.Roster, snapshot.Codes, snapshot.Heads
			e.Counters, e.Cursors, e.Sessions = snapshot.Counters, snapshot.Cursors, snapshot.Sessions
			return nil
		})
	}
	if err := s.ask(ctx, "asking for everything of a mesh", build); err != nil {
		return mesh.Elsewhere{}, err
	}
	return e, nil
}
