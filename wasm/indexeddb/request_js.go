package indexeddb

import (
	"context"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/wasm/jsvalue"
)

type outcome struct {
	value safejs.Value
	err   error
}

// A listener sets Go functions as on… handlers of one object and takes them off again.
type listener struct {
	target safejs.Value
	names  []string
	funcs  []safejs.Func
}

func (l *listener) on(name string, handle func(event safejs.Value)) error {
	f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		handle(args[0])
		return nil
	})
	if err != nil {
		return err
	}
	l.names, l.funcs = append(l.names, name), append(l.funcs, f)
	return l.target.Set(name, f)
}

func (l *listener) release() {
	for i, name := range l.names {
		_ = l.target.Set(name, safejs.Null())
		l.funcs[i].Release()
	}
}

// finish waits for a request that opens or deletes a database. upgrade runs where a database is new or changes; its error
// undoes that. A database that opens after ctx ended is closed at once.
func finish(ctx context.Context, asked safejs.Value, upgrade func(event safejs.Value) error) (safejs.Value, error) {
	outcomes := make(chan outcome, 1)
	abandoned, blocked := false, false
	var failure error
	l := &listener{target: asked}
	settle := func(o outcome) {
		if failure != nil {
			o.err = failure
		}
		if abandoned {
			closeLate(o.value)
		}
		l.release()
		outcomes <- o
	}
	on := func(name string, handle func(event safejs.Value)) {
		if err := l.on(name, handle); err != nil && failure == nil {
			failure = err
		}
	}
	on("onsuccess", func(safejs.Value) {
		value, err := asked.Get("result")
		settle(outcome{value, err})
	})
	on("onerror", func(safejs.Value) { settle(outcome{err: errorOf(asked)}) })
	on("onblocked", func(safejs.Value) { blocked = true })
	if upgrade != nil {
		on("onupgradeneeded", func(event safejs.Value) {
			if failure = upgrade(event); failure != nil {
				abort(asked)
			}
		})
	}
	select {
	case o := <-outcomes:
		return o.value, o.err
	case <-ctx.Done():
		abandoned = true
		if blocked {
			return safejs.Value{}, ErrBlocked
		}
		return safejs.Value{}, ctx.Err()
	}
}

func closeLate(db safejs.Value) {
	if db.Type() == safejs.TypeObject {
		_, _ = db.Call("close")
	}
}

// abort undoes the change that a request to open is in the middle of; the request then fails.
func abort(asked safejs.Value) {
	if tx, err := asked.Get("transaction"); err == nil && tx.Type() == safejs.TypeObject {
		_, _ = tx.Call("abort")
	}
}

// errorOf is the error of a request or a transaction.
func errorOf(of safejs.Value) error {
	value, err := of.Get("error")
	if err != nil {
		return err
	}
	if value.Type() != safejs.TypeObject {
		return &jsvalue.Thrown{Name: "AbortError", Message: "the transaction was aborted"}
	}
	return jsvalue.AsThrown(value)
}
