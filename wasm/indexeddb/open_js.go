package indexeddb

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/wasm/jsvalue"
)

// deviceStore is the object store that every database has besides its buckets, none of which begins with a dot: the
// fencing number and the device's keys.
const deviceStore = ".device"

// Mode says whether Open may make the database.
type Mode int

// The modes.
const (
	// Create makes the database where there is none.
	Create Mode = iota
	// Existing opens one that must be there: ErrEvicted where it is not.
	Existing
)

// Store is an open database. It may be used from several goroutines at once.
type Store struct {
	db      safejs.Value
	buckets []string
	fence   int
	// evicted is set once the browser closed the database.
	evicted atomic.Bool
	closed  safejs.Func
}

// Open opens the named database with these buckets, adds those that it lacks, and makes every store that was opened on it
// before unable to commit. It waits while another program keeps the database from being changed, until ctx ends
// (ErrBlocked).
func Open(ctx context.Context, name string, buckets []string, mode Mode) (*Store, error) {
	all := append([]string{deviceStore}, buckets...)
	db, err := request(ctx, name, 0, all, mode)
	if err != nil {
		return nil, err
	}
	missing, version, err := lacks(db, all)
	if err == nil && missing {
		if _, err = db.Call("close"); err == nil {
			db, err = request(ctx, name, version+1, all, mode)
		}
	}
	if err != nil {
		return nil, failed("opening", err)
	}
	s := &Store{db: db, buckets: buckets}
	if err := s.watch(); err != nil {
		return nil, failed("opening", err)
	}
	if err := s.raiseFence(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func lacks(db safejs.Value, stores []string) (missing bool, version int, err error) {
	names, err := db.Get("objectStoreNames")
	if err != nil {
		return false, 0, err
	}
	for _, store := range stores {
		contains, err := names.Call("contains", store)
		if err != nil {
			return false, 0, err
		}
		if has, err := contains.Bool(); err != nil || !has {
			missing = true
		}
	}
	number, err := db.Get("version")
	if err != nil {
		return false, 0, err
	}
	version, err = number.Int()
	return missing, version, err
}

// watch makes the database close itself for a newer build's change, and notices when the browser closes it.
func (s *Store) watch() error {
	// A bound function of the browser's own works also after this Go program has died.
	closing, err := s.db.Get("close")
	if err != nil {
		return err
	}
	if closing, err = closing.Call("bind", s.db); err != nil {
		return err
	}
	if err := s.db.Set("onversionchange", closing); err != nil {
		return err
	}
	s.closed, err = safejs.FuncOf(func(safejs.Value, []safejs.Value) any {
		s.evicted.Store(true)
		return nil
	})
	if err != nil {
		return err
	}
	return s.db.Set("onclose", s.closed)
}

// Close ends the connection. Transactions that have begun still finish.
func (s *Store) Close() error {
	err := s.db.Set("onclose", safejs.Null())
	_, err2 := s.db.Call("close")
	s.closed.Release()
	return errors.Join(err, err2)
}

// Delete deletes the named database, with the device's keys. Deleting what is not there succeeds.
func Delete(ctx context.Context, name string) error {
	factory, err := factory()
	if err != nil {
		return err
	}
	asked, err := factory.Call("deleteDatabase", name)
	if err != nil {
		return failed("deleting", err)
	}
	_, err = finish(ctx, asked, nil)
	return failed("deleting", err)
}

func factory() (safejs.Value, error) {
	value, err := safejs.Global().Get("indexedDB")
	if err != nil || value.Type() != safejs.TypeObject {
		return safejs.Value{}, ErrUnsupported
	}
	return value, nil
}

// request opens the database; version 0 means the present one.
func request(ctx context.Context, name string, version int, stores []string, mode Mode) (safejs.Value, error) {
	factory, err := factory()
	if err != nil {
		return safejs.Value{}, err
	}
	args := []any{name}
	if version > 0 {
		args = append(args, version)
	}
	asked, err := factory.Call("open", args...)
	if err != nil {
		return safejs.Value{}, failed("opening", err)
	}
	absent := false
	db, err := finish(ctx, asked, func(event safejs.Value) error {
		fresh, err := isFresh(event)
		if err != nil {
			return err
		}
		if fresh && mode == Existing {
			absent = true
			tx, err := asked.Get("transaction")
			if err != nil {
				return err
			}
			_, err = tx.Call("abort")
			return err
		}
		return addStores(asked, stores)
	})
	if absent {
		return safejs.Value{}, ErrEvicted
	}
	if jsvalue.NameOf(err) == "InvalidStateError" {
		// What Firefox gives where it keeps nothing.
		return safejs.Value{}, ErrUnsupported
	}
	return db, failed("opening", err)
}

func isFresh(event safejs.Value) (bool, error) {
	old, err := event.Get("oldVersion")
	if err != nil {
		return false, err
	}
	version, err := old.Int()
	return version == 0, err
}

func addStores(asked safejs.Value, stores []string) error {
	db, err := asked.Get("result")
	if err != nil {
		return err
	}
	names, err := db.Get("objectStoreNames")
	if err != nil {
		return err
	}
	for _, store := range stores {
		has, err := names.Call("contains", store)
		if err != nil {
			return err
		}
		if there, err := has.Bool(); err != nil || there {
			continue
		}
		if _, err := db.Call("createObjectStore", store); err != nil {
			return err
		}
	}
	return nil
}
