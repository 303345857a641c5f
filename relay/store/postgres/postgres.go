// Package postgres is the store of relays on one PostgreSQL database: what it tells is committed with synchronous_commit on.
//
// Several processes, each a node, may use one database at once (store.Shared). Verdicts are decided on rows that are locked until
// the commit: the heads of rosters shared, the streams that are appended to, the counters of their senders and sessions exclusively, in
// one order. There is no lock over a mesh, so nodes append to one mesh side by side.
//
// A node holds an advisory lock with the connection that commits, and renews a lease with another. Who finds the lease over ends the
// first connection and takes the lock: then the node is lost, and whatever of it is still on its way is not carried out. So a commit
// asks for no lease. What a commit changed it writes down in one row a mesh, in its second round trip, with the number of its
// transaction. A column for that on every row would need an index that each commit moves: then no update of a stream stays on its page
// (0 of 200,000, where otherwise all do), and the table grows tenfold. Notifications are hints, sent outside of transactions. All of
// this belongs to connections, so there can be no pooler between a relay and its database that shares them.
//
// What it does not do: decide verdicts (store.Applier does), gather commits of several callers into one (the relay's
// committer does), or keep meshes in memory, which it tells of what other nodes did (relay/server).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/migrate"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// connectLimit is how long reaching the database may take, where its address does not say.
	connectLimit = 5 * time.Second
	// commitLimit ends a commit that hangs; its outcome is then unknown.
	commitLimit = 30 * time.Second
	// tries is how often a commit is tried whose outcome is known.
	tries = 4
)

// session is what the writer's connection asks of the server: no answer before the commit is on disk, and no lock that is
// waited for or held for ever, should a process hang.
var session = map[string]string{
	"synchronous_commit":                  "on",
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "5s",
}

// keeping is what the keeper's connections ask. What they write need not be on disk: what a crash of the server takes back is done
// again, and whoever rests on it commits later.
var keeping = map[string]string{
	"synchronous_commit": "off",
	"lock_timeout":       "2s",
}

// Store is a store.Store on a database.
type Store struct {
	clock   func() time.Time
	config  *pgx.ConnConfig // of the writer
	keeping *pgx.ConnConfig // of the keeper
	readers *pgxpool.Pool
	done    chan struct{}        // closed by Close
	failed  atomic.Bool          // the last commit did
	life    atomic.Pointer[life] // the last one
	moves   *moves

	turn   chan struct{} // held by who uses what follows
	writer *writer       // nil: not connected
}

var _ store.Shared = (*Store)(nil)

// Open connects to the database of an address (a postgres:// URL, or words as libpq takes them), brings its schema up to
// date, and begins a new generation of positions at the time of the clock, as it does whenever it connects anew. No error of
// this package holds the password.
func Open(ctx context.Context, address string, clock func() time.Time) (*Store, error) {
	pool, err := pgxpool.ParseConfig(address)
	if err != nil {
		// What pgx says of it may hold the password.
		return nil, errAddress
	}
	if pool.ConnConfig.ConnectTimeout == 0 {
		pool.ConnConfig.ConnectTimeout = connectLimit
	}
	if pool.ConnConfig.RuntimeParams["application_name"] == "" {
		pool.ConnConfig.RuntimeParams["application_name"] = "claudemesh-relay"
	}
	s := &Store{clock: clock, config: pool.ConnConfig.Copy(), done: make(chan struct{}), moves: newMoves(), turn: make(chan struct{}, 1)}
	if err := update(ctx, s.config); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	s.keeping = s.config.Copy()
	for name, value := range session {
		s.config.RuntimeParams[name] = value
	}
	for name, value := range keeping {
		s.keeping.RuntimeParams[name] = value
	}
	if s.readers, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	joined := time.Now()
	w, err := joinWriter(ctx, s.config, clock(), 0)
	if err != nil {
		s.readers.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	s.begin(w, joined)
	return s, nil
}

var errAddress = errors.New("the address of the database cannot be read. It has the form postgres://user:password@host:5432/database, where special characters in the password are escaped with %")

// update brings the schema up to date on a connection of its own, with whose end its lock falls.
func update(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(migrate.Run(schema{ctx, conn}, migrations), conn.Close(ctx))
}

var errClosed = wire.Errorf(wire.CodeUnavailable, "the store is closed")

// take waits for the turn to use the writer.
func (s *Store) take(ctx context.Context, doing string) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return store.Unavailable(doing, ctx.Err())
	}
	if s.closed() {
		<-s.turn
		return errClosed
	}
	return nil
}

func (s *Store) closed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// unavailable is what is answered when a life ended.
func (s *Store) unavailable(doing string, l *life) error {
	if s.closed() {
		return errClosed
	}
	return store.Unavailable(doing, l.why())
}

// Commit implements store.Store. The context is looked at before the transaction and not within.
func (s *Store) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, store.Unavailable("committing", err)
	}
	if err := s.take(ctx, "committing"); err != nil {
		return nil, err
	}
	defer func() { <-s.turn }()
	l := s.life.Load()
	if l.why() != nil {
		return nil, s.unavailable("committing", l)
	}
	ctx, cancel := l.bound(context.WithoutCancel(ctx), commitLimit)
	defer cancel()
	verdicts, err := s.commit(ctx, batches)
	s.failed.Store(err != nil)
	if errors.Is(err, store.ErrNodeLost) {
		l.end(store.ErrNodeLost)
	}
	if err != nil && l.why() != nil {
		return nil, store.Unavailable("committing", errors.Join(l.why(), err))
	} else if err != nil {
		return nil, store.Unavailable("committing", err)
	}
	l.told.add(s.writer.rows.movedMeshes())
	return verdicts, nil
}

// commit tries again what is known not to have been carried out: what the database refused because of another transaction,
// and what did not come to the commit because the connection was found to be broken.
func (s *Store) commit(ctx context.Context, batches []mesh.Batch) (verdicts [][]mesh.Verdict, err error) {
	for range tries {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
		var doubt bool
		verdicts, doubt, err = s.writer.commit(ctx, batches)
		if err == nil {
			return verdicts, nil
		}
		broken := s.writer.conn.IsClosed()
		if !refused(err) || s.writer.rollback(ctx) != nil {
			s.disconnect()
		}
		if doubt || !refused(err) && !broken {
			return nil, err
		}
	}
	return nil, err
}

// connect connects the writer where it is not.
func (s *Store) connect(ctx context.Context) (err error) {
	if s.writer == nil {
		s.writer, err = connectWriter(ctx, s.config, s.clock(), s.Node())
	}
	return err
}

func (s *Store) disconnect() {
	if s.writer != nil {
		// What was wrong with it is told by the error that led here.
		_ = s.writer.close()
		s.writer = nil
	}
}

// Ready implements store.Store: the database answers, and after a commit that failed it also takes one that changes nothing.
func (s *Store) Ready(ctx context.Context) error {
	if !s.failed.Load() {
		return s.ask(ctx, "asking the database", func(batch *pgx.Batch) { batch.Queue("SELECT 1") })
	}
	if err := s.take(ctx, "trying a commit"); err != nil {
		return err
	}
	defer func() { <-s.turn }()
	if err := s.probe(ctx); err != nil {
		s.disconnect()
		return store.Unavailable("trying a commit", err)
	}
	s.failed.Store(false)
	return nil
}

// probe writes as much as makes a table grow, which a disk that is full does not let it, and commits.
func (s *Store) probe(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue("INSERT INTO chunk (stream, last, first, previous, count, time, checksum, data) VALUES (0, 0, 0, 0, 0, 0, 0, $1)", make([]byte, store.MaxChunk))
	batch.Queue("DELETE FROM chunk WHERE stream = 0")
	batch.Queue("COMMIT")
	return s.writer.conn.SendBatch(ctx, &batch).Close()
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.closed() {
		return nil
	}
	close(s.done)
	l := s.life.Load()
	l.end(errClosed)
	l.overdue.Stop()
	l.work.Wait()
	s.leave()
	s.disconnect()
	s.readers.Close()
	return nil
}
