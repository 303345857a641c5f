package sqlite

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// view runs read on a connection of its own, within one transaction, so that what it sees is one moment of the store.
func (s *Store) view(ctx context.Context, doing string, read func(reader) error) error {
	var conn *sqlite.Conn
	select {
	case <-s.done:
		return errClosed
	default:
	}
	select {
	case conn = <-s.readers:
	case <-s.done:
		return errClosed
	case <-ctx.Done():
		return store.Unavailable(doing, ctx.Err())
	}
	defer func() { s.readers <- conn }()
	err := run(conn, "BEGIN")
	if err == nil {
		err = read(reader{conn})
		if e := run(conn, "COMMIT"); e != nil {
			err = errors.Join(err, e, run(conn, "ROLLBACK"))
		}
	}
	var known *wire.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return store.Unavailable(doing, err)
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, id wire.MeshID) (snapshot mesh.Snapshot, err error) {
	err = s.view(ctx, "loading a mesh", func(r reader) error {
		snapshot, err = r.load(id)
		return err
	})
	return snapshot, err
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, id wire.MeshID, stream wire.Stream, after wire.Position, maxBytes int) (page mesh.Page, err error) {
	err = s.view(ctx, "reading a stream", func(r reader) error {
		m, err := r.mesh(id)
		if err != nil || m.Number == 0 {
			return err
		}
		page, err = r.page(m.Number, stream, after, maxBytes)
		return err
	})
	return page, err
}

// Invite implements store.Store.
func (s *Store) Invite(ctx context.Context, code string) (row mesh.InviteRow, err error) {
	err = s.view(ctx, "finding an invite", func(r reader) error {
		row, err = r.invite(code)
		return err
	})
	return row, err
}

// Aged implements store.Store.
func (s *Store) Aged(ctx context.Context, before uint64, limit int) (ids []wire.MeshID, err error) {
	err = s.view(ctx, "looking for what is old", func(r reader) error {
		ids, err = r.aged(before, limit)
		return err
	})
	return ids, err
}

// Audit implements store.Store.
func (s *Store) Audit(ctx context.Context, id wire.MeshID, after uint64, limit int) (records []store.Record, err error) {
	err = s.view(ctx, "reading the audit", func(r reader) error {
		m, err := r.mesh(id)
		if err != nil || m.Number == 0 {
			return err
		}
		records, err = r.audit(m.Number, after, limit)
		return err
	})
	return records, err
}
