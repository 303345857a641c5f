package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/frame"
	"claudemesh.com/mesh/shared/wire"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// failure is why a tool did not do what it was asked, and what to do about it.
type failure struct {
	refusal *wire.Error
	todo    string
}

// sentenceMax bounds a sentence that may hold names and what a relay says, in bytes.
const sentenceMax = 1000

// Error is what an agent reads: the sentence, the stable code, the way out.
func (f *failure) Error() string {
	text := fmt.Sprintf("%s (%s)", frame.Clip(frame.Line(f.refusal.Message), sentenceMax), f.refusal.Code)
	if f.todo != "" {
		text += " " + f.todo
	}
	return text
}

func (f *failure) Unwrap() error { return f.refusal }

// The ways out that an agent can take or name.
const (
	todoJoin   = "Ask the user to join one in a terminal: claudemesh join 'LINK'. This session finds it by itself; no restart is needed."
	todoPeers  = "list_peers shows who is there and under which names."
	todoID     = "Name it by an id, or by the id's first 8 digits or more."
	todoDoctor = "Ask the user to run: claudemesh doctor"
)

// errNoMesh is what a tool meets on a machine that is in no mesh.
var errNoMesh = &failure{wire.Errorf(wire.CodeNotFound, "There is no mesh on this machine yet."), todoJoin}

// failed makes a failure of an error, with the way out that its code has where none is given.
func failed(err error, todo string) error {
	var known *failure
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = wire.Errorf(wire.CodeUnreachable, "The answer took too long.")
	}
	refusal := wire.AsError(err)
	switch {
	case todo != "":
	case refusal.Code == wire.CodeAmbiguous:
		todo = todoID
	case refusal.Code == wire.CodeNotFound || refusal.Code == wire.CodeUnknownMember:
		todo = todoPeers
	case refusal.Code == wire.CodeUnreachable || refusal.Code == wire.CodeInUse || refusal.Code == wire.CodeStorage:
		todo = todoDoctor
	case refusal.Retry:
		todo = "Try again in a minute."
	}
	return &failure{refusal, todo}
}

// misfit is a failure of arguments that do not fit their tool's schema: which one, and why, without the way that the check took.
func misfit(err error) *failure {
	why := strings.TrimPrefix(err.Error(), `validating "arguments": validating root: `)
	return &failure{wire.Errorf(wire.CodeMalformed, "The arguments do not fit this tool: %s", strings.ReplaceAll(why, "validating /properties/", "")), ""}
}

// errorKey is where a result's _meta has the error as programs read it: code, message, retry.
const errorKey = "claudemesh.com/error"

// tellFailures gives every failed call the same shape: a sentence, the stable code, and what to do. A call with arguments that
// do not fit its schema fails so too.
func tellFailures(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, request sdk.Request) (sdk.Result, error) {
		result, err := next(ctx, method, request)
		call, ok := result.(*sdk.CallToolResult)
		if err != nil || !ok || call.GetError() == nil {
			return result, err
		}
		var told *failure
		if !errors.As(call.GetError(), &told) {
			told = misfit(call.GetError())
		}
		call.Content = []sdk.Content{&sdk.TextContent{Text: told.Error()}}
		call.Meta = sdk.Meta{errorKey: &wire.Error{
			Code: told.refusal.Code, Message: frame.Clip(frame.Line(told.refusal.Message), sentenceMax), Retry: told.refusal.Retry,
		}}
		return call, nil
	}
}
