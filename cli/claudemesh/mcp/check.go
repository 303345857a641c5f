package mcp

import (
	"context"
	"fmt"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/frame"
	"claudemesh.com/mesh/shared/wire"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// checkMax is how much one answer of check_messages shows, in bytes: what agents take in one piece.
const checkMax = 32 << 10

type checkMessages struct {
	Message string `json:"message,omitempty" jsonschema:"id of one message, to read the rest of a text that was cut; takes nothing"`
	From    int    `json:"from,omitempty" jsonschema:"with message: the byte to go on from"`
}

// checked is what a session reads. The texts stand in Framed alone, since a program that shows an agent the structure shows
// it what peers wrote.
type checked struct {
	Framed   string    `json:"framed" jsonschema:"the messages, framed as data from peers"`
	Messages []about   `json:"messages"`
	More     int       `json:"more" jsonschema:"how many wait behind these"`
	Sent     []receipt `json:"sent" jsonschema:"how far the last messages of this session came"`
}

// about is a message without its text.
type about struct {
	ID       string `json:"id"`
	Mesh     string `json:"mesh"`
	From     string `json:"from"`
	Member   string `json:"member"`
	Session  string `json:"session,omitempty"`
	Here     bool   `json:"here,omitempty" jsonschema:"sent on this machine, by another session or the person"`
	Topic    string `json:"topic,omitempty"`
	Type     string `json:"type"`
	Priority string `json:"priority"`
	ReplyTo  string `json:"reply_to,omitempty"`
	SentAt   int64  `json:"sent_at" jsonschema:"milliseconds since 1970"`
	Seen     string `json:"seen,omitempty" jsonschema:"why it may be known: pushed, elsewhere, unconfirmed"`
}

func (s *server) checkMessages(ctx context.Context, in checkMessages) (*sdk.CallToolResult, checked, error) {
	door, err := s.door(ctx)
	if err != nil {
		return nil, checked{}, err
	}
	if in.Message != "" {
		return s.reread(ctx, door, in)
	}
	if in.From != 0 {
		return nil, checked{}, wire.Errorf(wire.CodeMalformed, "from belongs to message.")
	}
	bytes, count := frame.Fit(checkMax)
	batch, err := door.Take(ctx, daemon.Take{Caller: s.caller(), Least: wire.PriorityLow, Bytes: bytes, Count: count})
	if err != nil {
		return nil, checked{}, failed(err, todoDoctor)
	}
	out := checked{Messages: []about{}, More: batch.More, Sent: s.sent.look(ctx, door)}
	if len(batch.Messages) == 0 {
		if err := s.inMesh(ctx, door); err != nil {
			return nil, checked{}, err
		}
		return say(lines("No new messages.", out.Sent)), out, nil
	}
	text, shown, err := frame.Text(s.Entropy, batch.Messages, batch.More, checkMax)
	if err != nil {
		return nil, checked{}, err
	}
	if shown < len(batch.Messages) {
		return nil, checked{}, fmt.Errorf("%d of %d messages found room in a frame", shown, len(batch.Messages))
	}
	for i := range batch.Messages {
		out.Messages = append(out.Messages, aboutOf(&batch.Messages[i]))
	}
	out.Framed = text
	result := say(lines(text, out.Sent))
	// The batch is confirmed once this result was written to the client.
	result.Meta = sdk.Meta{batchKey: batch.ID}
	return result, out, nil
}

// reread shows one message from a byte on, whoever took it.
func (s *server) reread(ctx context.Context, door Door, in checkMessages) (*sdk.CallToolResult, checked, error) {
	m, err := door.Read(ctx, strings.ToLower(in.Message))
	if err != nil {
		return nil, checked{}, failed(err, "The id stands in the mark of the message.")
	}
	text, err := frame.Rest(s.Entropy, m, in.From, checkMax)
	if err != nil {
		return nil, checked{}, failed(err, "Go on from the byte that the last piece named.")
	}
	return say(text), checked{Framed: text, Messages: []about{aboutOf(m)}, Sent: []receipt{}}, nil
}

// inMesh is errNoMesh where the session is in none.
func (s *server) inMesh(ctx context.Context, door Door) error {
	now, err := door.Change(ctx, daemon.Change{Caller: s.caller()})
	if err == nil && len(now.Meshes) == 0 {
		_, err = s.lookAgain(ctx, door)
	}
	return failed(err, todoDoctor)
}

func aboutOf(m *daemon.Message) about {
	a := about{
		ID: m.ID.String(), Mesh: frame.Word(m.MeshName), From: frame.Word(m.FromName), Member: m.From.String()[:8],
		Topic: frame.Word(m.Topic), Type: frame.Word(m.Type), Priority: m.Priority.String(), SentAt: m.SentAt, Seen: string(m.Seen),
	}
	if !m.FromSession.IsZero() {
		a.Session = m.FromSession.String()[:8]
	}
	if a.Here = m.Here; !m.ReplyTo.IsZero() {
		a.ReplyTo = m.ReplyTo.String()
	}
	return a
}

// lines adds the states of what was sent to a text.
func lines(text string, sent []receipt) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(text, "\n"))
	for _, r := range sent {
		b.WriteString("\n" + r.String())
	}
	return b.String()
}
