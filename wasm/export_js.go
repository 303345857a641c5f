package main

import (
	"context"
	"slices"
	"sync"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
)

// export puts the peer's methods on the global scope and tells the worker that they are there.
func export(program context.Context, peer *api.Peer, listeners *listeners) error {
	object := map[string]any{}
	for _, method := range api.Methods {
		f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
			promise, err := call(program, peer, method, args)
			if err != nil {
				// There is nothing left to tell the caller with.
				panic(err)
			}
			return promise
		})
		if err != nil {
			return err
		}
		object[method.Name] = f
	}
	on, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any { return listeners.add(args) })
	if err != nil {
		return err
	}
	object["on"] = on
	if err := safejs.Global().Set("claudemeshPeer", object); err != nil {
		return err
	}
	_, err = safejs.Global().Call("claudemeshReady")
	return err
}

// call answers with a promise at once; the method runs in a goroutine, since nothing may block in a function that JavaScript
// called. Each argument and the result cross as one JSON text, which costs less than a crossing for every field.
func call(program context.Context, peer *api.Peer, method api.Method, args []safejs.Value) (safejs.Value, error) {
	class, err := safejs.Global().Get("Promise")
	if err != nil {
		return safejs.Value{}, err
	}
	arguments, err := stringify(args)
	if err != nil {
		rejection, err := errorObject(wire.Errorf(wire.CodeMalformed, "%s was called with what is no JSON", method.Name))
		if err != nil {
			return safejs.Value{}, err
		}
		return class.Call("reject", rejection)
	}
	var executor safejs.Func
	executor, err = safejs.FuncOf(func(_ safejs.Value, settle []safejs.Value) any {
		go func() {
			result, err := method.Call(program, peer, arguments)
			if err = deliver(settle[0], settle[1], result, err); err != nil {
				panic(err)
			}
		}()
		return nil
	})
	if err != nil {
		return safejs.Value{}, err
	}
	defer executor.Release()
	return class.New(executor)
}

func deliver(resolve, reject safejs.Value, result []byte, refusal error) error {
	if refusal != nil {
		rejection, err := errorObject(refusal)
		if err != nil {
			return err
		}
		_, err = reject.Invoke(rejection)
		return err
	}
	if result == nil {
		_, err := resolve.Invoke(safejs.Undefined())
		return err
	}
	value, err := parse(result)
	if err != nil {
		return err
	}
	_, err = resolve.Invoke(value)
	return err
}

// errorObject is a refusal as a JavaScript Error: a PeerError of peer.d.ts.
func errorObject(refusal error) (safejs.Value, error) {
	e := wire.AsError(refusal)
	if e.Code == wire.CodeInternal {
		log("internal error: " + refusal.Error())
	}
	class, err := safejs.Global().Get("Error")
	if err != nil {
		return safejs.Value{}, err
	}
	object, err := class.New(e.Message)
	if err != nil {
		return safejs.Value{}, err
	}
	for name, value := range map[string]any{"name": "PeerError", "code": string(e.Code), "retry": e.Retry} {
		if err := object.Set(name, value); err != nil {
			return safejs.Value{}, err
		}
	}
	return object, nil
}

func stringify(args []safejs.Value) ([][]byte, error) {
	texts := make([][]byte, len(args))
	for i, arg := range args {
		// What is no JSON, as undefined, has no text, and String says so in words that are no JSON either.
		text, err := jsonCall("stringify", arg)
		if err != nil {
			return nil, err
		}
		s, err := text.String()
		if err != nil {
			return nil, err
		}
		texts[i] = []byte(s)
	}
	return texts, nil
}

func parse(text []byte) (safejs.Value, error) { return jsonCall("parse", string(text)) }

func jsonCall(method string, arg any) (safejs.Value, error) {
	object, err := safejs.Global().Get("JSON")
	if err != nil {
		return safejs.Value{}, err
	}
	return object.Call(method, arg)
}

// listeners are the functions that JavaScript gave to `on`.
type listeners struct {
	mu  sync.Mutex
	all []safejs.Value
}

// add subscribes a listener and gives the function that ends it.
func (l *listeners) add(args []safejs.Value) any {
	if len(args) != 1 || args[0].Type() != safejs.TypeFunction {
		return nil
	}
	listener := args[0]
	l.mu.Lock()
	l.all = append(l.all, listener)
	l.mu.Unlock()
	off, err := safejs.FuncOf(func(safejs.Value, []safejs.Value) any {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = slices.DeleteFunc(l.all, listener.Equal)
		return nil
	})
	if err != nil {
		return nil
	}
	return off
}

// tell calls every listener. What one throws is its own affair.
func (l *listeners) tell(event api.Event) {
	l.mu.Lock()
	all := slices.Clone(l.all)
	l.mu.Unlock()
	if len(all) == 0 {
		return
	}
	text, err := wire.EncodeJSON(event)
	if err != nil {
		panic(err)
	}
	for _, listener := range all {
		value, err := parse(text)
		if err == nil {
			_, err = listener.Invoke(value)
		}
		if err != nil {
			log("a listener failed: " + err.Error())
		}
	}
}
