package mcp

import (
	"context"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// callPatience is how long a tool may take. A message that the relay did not take by then is kept, which is an answer too.
const callPatience = 30 * time.Second

func (s *server) addTools(p *sdk.Server) {
	yes, no := true, false
	sdk.AddTool(p, &sdk.Tool{
		Name: "list_peers", Description: "Who is in the mesh: members, their sessions, what they do.",
		InputSchema: schema[listPeers](), Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &yes},
	}, bounded(s.listPeers))
	sdk.AddTool(p, &sdk.Tool{
		Name: "send_message", Description: "Write to a member, one of its sessions, or a topic.",
		InputSchema: schema[sendMessage](), Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, OpenWorldHint: &yes},
	}, bounded(s.sendMessage))
	sdk.AddTool(p, &sdk.Tool{
		Name: "check_messages", Description: "Read what arrived for this session, each message once, and how far your own got.",
		InputSchema: schema[checkMessages](), Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, OpenWorldHint: &yes},
	}, bounded(s.checkMessages))
	sdk.AddTool(p, &sdk.Tool{
		Name: "set_summary", Description: "Tell the mesh in a few words what this session works on.",
		InputSchema: schema[setSummary](), Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, IdempotentHint: true, OpenWorldHint: &yes},
	}, bounded(s.setSummary))
	sdk.AddTool(p, &sdk.Tool{
		Name: "set_status", Description: "Tell the mesh whether this session works, idles, needs approval or wants no messages.",
		InputSchema: schema[setStatus](), Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, IdempotentHint: true, OpenWorldHint: &yes},
	}, bounded(s.setStatus))
}

// bounded gives a tool its time, and makes a failure of its error.
func bounded[In, Out any](tool func(context.Context, In) (*sdk.CallToolResult, Out, error)) sdk.ToolHandlerFor[In, Out] {
	return func(ctx context.Context, _ *sdk.CallToolRequest, in In) (*sdk.CallToolResult, Out, error) {
		ctx, cancel := context.WithTimeout(ctx, callPatience)
		defer cancel()
		result, out, err := tool(ctx, in)
		return result, out, failed(err, "")
	}
}

// bounds are what a type cannot say of the arguments that have these names.
var bounds = map[string]func(*jsonschema.Schema){
	"to":       length(1, 256),
	"text":     length(1, wire.MaxMessage),
	"summary":  length(0, summaryMax),
	"mesh":     length(1, 128),
	"message":  pattern("^[0-9a-fA-F]{8,32}$"),
	"reply_to": pattern("^[0-9a-fA-F]{8,32}$"),
	"priority": enum("now", "next", "low"),
	"status":   enum(peer.StatusIdle, peer.StatusWorking, peer.StatusNeedsApproval, peer.StatusDND),
	"from":     func(s *jsonschema.Schema) { s.Minimum = jsonschema.Ptr(0.0) },
}

func length(least, most int) func(*jsonschema.Schema) {
	return func(s *jsonschema.Schema) {
		if least > 0 {
			s.MinLength = &least
		}
		s.MaxLength = &most
	}
}

func pattern(expression string) func(*jsonschema.Schema) {
	return func(s *jsonschema.Schema) { s.Pattern = expression }
}

func enum[T ~string](words ...T) func(*jsonschema.Schema) {
	return func(s *jsonschema.Schema) {
		for _, word := range words {
			s.Enum = append(s.Enum, string(word))
		}
	}
}

// schema is the schema of a tool's arguments.
func schema[In any]() *jsonschema.Schema {
	s, err := jsonschema.For[In](nil)
	if err != nil {
		panic(err) // a type of this package
	}
	for name, property := range s.Properties {
		if bound := bounds[name]; bound != nil {
			bound(property)
		}
	}
	return s
}

// say is a result's text.
func say(text string) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
}
