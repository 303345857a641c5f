package api

import (
	"context"
	"fmt"

	"claudemesh.com/mesh/shared/wire"
)

// Method is one method of the interface Peer in wasm/peer.d.ts.
type Method struct {
	Name string
	run  func(*call) (any, error)
}

// A call is what a method was called with.
type call struct {
	*Peer
	ctx       context.Context
	arguments [][]byte
	// taken are the variables that the arguments were to be read into, and refused is why they were not.
	taken   []any
	refused error
}

// maxArgument bounds an argument as JSON, in bytes: a message at its largest, every character escaped.
const maxArgument = 6*wire.MaxMessage + wire.MaxJSON

// Call runs the method with its arguments, each as JSON, and gives its result as JSON, or nil where it has none. A panic is
// told to the console and becomes wire.CodeInternal.
func (m Method) Call(ctx context.Context, p *Peer, arguments [][]byte) (result []byte, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			p.platform.Log(fmt.Sprintf("%s panicked: %v", m.Name, thrown))
			result, err = nil, wire.Refuse(wire.CodeInternal)
		}
	}()
	value, err := m.run(&call{Peer: p, ctx: ctx, arguments: arguments})
	if err != nil || value == nil {
		return nil, err
	}
	return wire.EncodeJSON(value)
}

// take reads the call's arguments, all of them, into the variables.
func (c *call) take(into ...any) error {
	c.taken, c.refused = into, c.read(into)
	return c.refused
}

func (c *call) read(into []any) error {
	if len(c.arguments) != len(into) {
		return wire.Errorf(wire.CodeMalformed, "there are %d arguments, and not the %d of peer.d.ts", len(c.arguments), len(into))
	}
	for i, v := range into {
		if len(c.arguments[i]) > maxArgument {
			return wire.Refuse(wire.CodeTooLarge)
		}
		if err := wire.DecodeScriptJSON(c.arguments[i], v); err != nil {
			return wire.Errorf(wire.CodeMalformed, "argument %d does not fit what peer.d.ts says", i+1)
		}
	}
	return nil
}
