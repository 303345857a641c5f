package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// keeper has the connection that renews a node's lease, finds out what others changed, and tells them what this one did.
type keeper struct {
	store *Store
	life  *life
	conn  *pgx.Conn
	mark  mesh.Mark // what was changed before it is known
	alone bool      // no other node ran a moment ago
}

// keep does a keeper's work for as long as the life lasts, over one connection after another.
func (s *Store) keep(l *life) {
	k := &keeper{store: s, life: l}
	for {
		err := k.attend()
		switch {
		case l.why() != nil:
			return
		case errors.Is(err, store.ErrNodeLost):
			l.end(store.ErrNodeLost)
			return
		}
		s.moves.fail(err)
		select {
		case <-l.ctx.Done():
			return
		case <-time.After(renewEvery):
		}
	}
}

// attend connects, and works until something fails.
func (k *keeper) attend() (err error) {
	if k.conn, err = pgx.ConnectConfig(k.life.ctx, k.store.keeping); err != nil {
		return err
	}
	defer giveUp(k.conn)
	ears, err := pgx.ConnectConfig(k.life.ctx, k.store.keeping)
	if err != nil {
		return err
	}
	defer giveUp(ears)
	if _, err := ears.Exec(k.life.ctx, "LISTEN "+channel); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(k.life.ctx)
	var listening sync.WaitGroup
	listening.Go(func() { stop(k.store.listen(ctx, ears, k.life.node)) })
	defer listening.Wait()
	defer stop(nil)
	if err := k.tick(ctx); err != nil {
		return err
	}
	k.store.moves.everything() // whatever was told of before anybody listened
	return k.work(ctx)
}

func giveUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	_ = conn.Close(ctx)
}

func (k *keeper) work(ctx context.Context) error {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
			err = k.tick(ctx)
		case <-k.life.told.wake:
			err = k.tell(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// tell notifies the others of what was written, and has what is written in the next moments wait for the next time.
func (k *keeper) tell(ctx context.Context) error {
	meshes := k.life.told.take()
	if k.alone || len(meshes) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTime/2)
	defer cancel()
	if err := notify(ctx, k.conn, k.life.node, meshes); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(tellEvery):
	}
	return nil
}

// maxNamed is how many meshes a look at the database names; where there are more, it is all of them.
const maxNamed = 1000

// tick renews the lease and looks for what no notification told of.
func (k *keeper) tick(ctx context.Context) error {
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, leaseTime/2)
	defer cancel()
	var batch pgx.Batch
	var mark mesh.Mark
	var moved []wire.MeshID
	var lost int
	// The mark before what lies behind it: what comes in between is seen twice.
	batch.Queue("SELECT " + markNow).QueryRow(func(found pgx.Row) error { return found.Scan(&mark) })
	batch.Queue(`SELECT m.id FROM mesh m WHERE m.number IN (SELECT mesh FROM change WHERE xid >= $1 AND node <> $2) LIMIT $3`,
		xidOf(k.mark), int64(k.life.node), maxNamed+1).Query(func(found pgx.Rows) error {
		var id []byte
		return each(found, []any{&id}, func() { moved = append(moved, wire.MeshID(id)) })
	})
	batch.Queue("SELECT count(*) FROM node WHERE lost >= $1", xidOf(k.mark)).QueryRow(func(found pgx.Row) error { return found.Scan(&lost) })
	batch.Queue(renewNode, int64(k.life.node)).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return store.ErrNodeLost
		}
		return nil
	})
	var others int
	var late mesh.NodeID
	batch.Queue("SELECT id, "+lapsed+" FROM node WHERE lost IS NULL AND id <> $1", int64(k.life.node)).Query(func(found pgx.Rows) error {
		var id mesh.NodeID
		var over bool
		return each(found, []any{&id, &over}, func() {
			others++
			if over {
				late = id
			}
		})
	})
	if err := k.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	k.life.renewed(asked)
	k.alone = others == 0
	if eraOf(k.mark) != eraOf(mark) || lost > 0 || len(moved) > maxNamed {
		k.store.moves.everything()
	} else {
		k.store.moves.add(moved...)
	}
	k.mark = mark
	if late == 0 {
		return nil
	}
	if err := loseNode(ctx, k.conn, late, true); err != nil && !refused(err) { // it is tried again
		return err
	}
	return nil
}
