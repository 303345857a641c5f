package api

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"

	"claudemesh.com/mesh/shared/wire"
)

// What follows makes a Method of a method of *Peer: gives… of those with a result, does… of those without, by the number of
// parameters. Calling them by reflection would cost more download than writing each number out.

// arguments reads a call's arguments into the variables.
func (m Method) arguments(text []byte, into ...any) error {
	var texts []json.RawMessage
	if err := json.Unmarshal(text, &texts); err != nil || len(texts) != len(into) {
		return wire.Errorf(wire.CodeMalformed, "%s takes %d arguments", m.Name, len(into))
	}
	for i, v := range into {
		decoder := json.NewDecoder(bytes.NewReader(texts[i]))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(v); err != nil || string(texts[i]) == "null" {
			return wire.Errorf(wire.CodeMalformed, "argument %d of %s does not fit what peer.d.ts says", i+1, m.Name)
		}
	}
	return nil
}

func gives0[R any](name string, f func(*Peer, context.Context) (R, error)) Method {
	m := Method{Name: name, Result: reflect.TypeFor[R]()}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		if err := m.arguments(text); err != nil {
			return nil, err
		}
		return f(p, ctx)
	}
	return m
}

func gives1[A, R any](name string, f func(*Peer, context.Context, A) (R, error)) Method {
	m := Method{Name: name, Result: reflect.TypeFor[R](), Params: []reflect.Type{reflect.TypeFor[A]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		if err := m.arguments(text, &a); err != nil {
			return nil, err
		}
		return f(p, ctx, a)
	}
	return m
}

func gives2[A, B, R any](name string, f func(*Peer, context.Context, A, B) (R, error)) Method {
	m := Method{Name: name, Result: reflect.TypeFor[R](), Params: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		var b B
		if err := m.arguments(text, &a, &b); err != nil {
			return nil, err
		}
		return f(p, ctx, a, b)
	}
	return m
}

func gives3[A, B, C, R any](name string, f func(*Peer, context.Context, A, B, C) (R, error)) Method {
	m := Method{Name: name, Result: reflect.TypeFor[R](), Params: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		var b B
		var c C
		if err := m.arguments(text, &a, &b, &c); err != nil {
			return nil, err
		}
		return f(p, ctx, a, b, c)
	}
	return m
}

func gives4[A, B, C, D, R any](name string, f func(*Peer, context.Context, A, B, C, D) (R, error)) Method {
	m := Method{Name: name, Result: reflect.TypeFor[R](), Params: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C](), reflect.TypeFor[D]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		var b B
		var c C
		var d D
		if err := m.arguments(text, &a, &b, &c, &d); err != nil {
			return nil, err
		}
		return f(p, ctx, a, b, c, d)
	}
	return m
}

func does0(name string, f func(*Peer, context.Context) error) Method {
	m := Method{Name: name, Result: nil}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		if err := m.arguments(text); err != nil {
			return nil, err
		}
		return nil, f(p, ctx)
	}
	return m
}

func does1[A any](name string, f func(*Peer, context.Context, A) error) Method {
	m := Method{Name: name, Result: nil, Params: []reflect.Type{reflect.TypeFor[A]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		if err := m.arguments(text, &a); err != nil {
			return nil, err
		}
		return nil, f(p, ctx, a)
	}
	return m
}

func does2[A, B any](name string, f func(*Peer, context.Context, A, B) error) Method {
	m := Method{Name: name, Result: nil, Params: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		var b B
		if err := m.arguments(text, &a, &b); err != nil {
			return nil, err
		}
		return nil, f(p, ctx, a, b)
	}
	return m
}

func does3[A, B, C any](name string, f func(*Peer, context.Context, A, B, C) error) Method {
	m := Method{Name: name, Result: nil, Params: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C]()}}
	m.run = func(ctx context.Context, p *Peer, text []byte) (any, error) {
		var a A
		var b B
		var c C
		if err := m.arguments(text, &a, &b, &c); err != nil {
			return nil, err
		}
		return nil, f(p, ctx, a, b, c)
	}
	return m
}
