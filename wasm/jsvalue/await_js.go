package jsvalue

import (
	"context"

	"github.com/hack-pad/safejs"
)

type settled struct {
	value safejs.Value
	err   error
}

// Await blocks the calling goroutine until the promise settles or ctx ends. A rejection is a *Thrown. When ctx ends first,
// what the promise stands for goes on.
func Await(ctx context.Context, promise safejs.Value) (safejs.Value, error) {
	outcome := make(chan settled, 1)
	var fulfilled, rejected safejs.Func
	// Both live until the promise settles, even where nobody waits any more: JavaScript calls one of them for sure.
	release := func() {
		fulfilled.Release()
		rejected.Release()
	}
	fulfilled, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		outcome <- settled{value: first(args)}
		release()
		return nil
	})
	if err != nil {
		return safejs.Value{}, err
	}
	rejected, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		outcome <- settled{err: AsThrown(first(args))}
		release()
		return nil
	})
	if err != nil {
		fulfilled.Release()
		return safejs.Value{}, err
	}
	if _, err := promise.Call("then", fulfilled, rejected); err != nil {
		release()
		return safejs.Value{}, err
	}
	select {
	case s := <-outcome:
		return s.value, s.err
	case <-ctx.Done():
		return safejs.Value{}, ctx.Err()
	}
}

func first(args []safejs.Value) safejs.Value {
	if len(args) == 0 {
		return safejs.Undefined()
	}
	return args[0]
}
