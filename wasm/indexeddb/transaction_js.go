package indexeddb

import (
	"context"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/wasm/jsvalue"
)

// A mode is what a transaction may do, and when it counts as complete.
type mode struct{ access, durability string }

func reading() mode { return mode{"readonly", "relaxed"} }

// writing is complete when it is on the disk.
func writing() mode { return mode{"readwrite", "strict"} }

// claiming is complete when every other program sees it. What a power failure undoes here was of programs that it ended.
func claiming() mode { return mode{"readwrite", "relaxed"} }

// A transaction is open until the browser's event loop finds nothing asked of it.
type transaction struct {
	tx        safejs.Value
	listeners []*listener
	// failure is why one of our own handlers aborted it.
	failure error
}

// transact opens a transaction over the object stores, lets body ask for what it wants, and waits until it is complete. Then
// every request's result can be read. body must not wait for anything. When ctx ends first, the transaction is aborted; it
// may be too late for that, so transact still waits for the outcome and tells it.
func (s *Store) transact(ctx context.Context, m mode, stores []any, body func(*transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.evicted.Load() {
		return ErrEvicted
	}
	tx, err := s.db.Call("transaction", stores, m.access, map[string]any{"durability": m.durability})
	if err != nil {
		// A closed connection: a newer build changed the database, or Close was called.
		if jsvalue.NameOf(err) == "InvalidStateError" {
			return ErrFenced
		}
		return err
	}
	t := &transaction{tx: tx}
	defer t.release()
	done := make(chan error, 1)
	if err := t.on(tx, "oncomplete", func() { done <- nil }); err != nil {
		return err
	}
	if err := t.on(tx, "onabort", func() { done <- errorOf(tx) }); err != nil {
		return err
	}
	if err := body(t); err != nil {
		t.fail(err)
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		t.fail(ctx.Err())
		err = <-done
	}
	if err != nil && t.failure != nil {
		return t.failure
	}
	return err
}

// fail aborts the transaction for a reason of ours; the first stands.
func (t *transaction) fail(err error) {
	if t.failure == nil {
		t.failure = err
	}
	// This throws where the transaction has ended already, and then its outcome is known.
	_, _ = t.tx.Call("abort")
}

func (t *transaction) on(target safejs.Value, name string, handle func()) error {
	l := &listener{target: target}
	t.listeners = append(t.listeners, l)
	return l.on(name, func(safejs.Value) { handle() })
}

func (t *transaction) release() {
	for _, l := range t.listeners {
		l.release()
	}
}

func (t *transaction) objects(store string) (safejs.Value, error) {
	return t.tx.Call("objectStore", store)
}

// onResult has handle look at a request's result while the transaction is open; an error of handle aborts it.
func (t *transaction) onResult(asked safejs.Value, handle func(result safejs.Value) error) error {
	return t.on(asked, "onsuccess", func() {
		result, err := asked.Get("result")
		if err == nil {
			err = handle(result)
		}
		if err != nil {
			t.fail(err)
		}
	})
}
