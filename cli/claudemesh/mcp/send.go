package mcp

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/frame"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

type sendMessage struct {
	To       string `json:"to,omitempty" jsonschema:"@name, @name/session, #topic, an id's first 8 digits, several joined by commas, or *. Not needed with reply_to."`
	Text     string `json:"text"`
	Priority string `json:"priority,omitempty" jsonschema:"how soon an agent should look; default next"`
	ReplyTo  string `json:"reply_to,omitempty" jsonschema:"id of the message that this answers"`
	Ask      bool   `json:"ask,omitempty" jsonschema:"you expect an answer"`
	Mesh     string `json:"mesh,omitempty" jsonschema:"name or id; only where there are several"`
}

// receipt is how far a message that this session sent has come.
type receipt struct {
	ID    string   `json:"id"`
	To    []string `json:"to"`
	State string   `json:"state" jsonschema:"kept, accepted (by the relay), delivered, read or failed"`
	Error string   `json:"error,omitempty"`
}

func (s *server) sendMessage(ctx context.Context, in sendMessage) (*sdk.CallToolResult, receipt, error) {
	priority, err := wire.ParsePriority(in.Priority)
	if err != nil {
		return nil, receipt{}, err
	}
	if in.To == "" && in.ReplyTo == "" {
		return nil, receipt{}, failed(wire.Errorf(wire.CodeMalformed, "Neither to nor reply_to says whom the message is for."), todoPeers)
	}
	if strings.TrimSpace(in.Text) == "" {
		return nil, receipt{}, wire.Errorf(wire.CodeMalformed, "There is no text to send.")
	}
	door, err := s.door(ctx)
	if err != nil {
		return nil, receipt{}, err
	}
	message := daemon.Send{Caller: s.caller(), Mesh: in.Mesh, To: in.To, Text: in.Text, Type: "text", Priority: priority}
	if in.Ask {
		message.Type = "ask"
	}
	if in.ReplyTo != "" {
		asked := false
		if message.ReplyTo, asked, err = s.replied(ctx, door, in.ReplyTo); err != nil {
			return nil, receipt{}, err
		}
		if asked && !in.Ask {
			message.Type = "answer"
		}
	}
	sent, err := door.Send(ctx, message)
	if err != nil {
		return nil, receipt{}, s.explainSend(ctx, door, err)
	}
	told := receiptOf(&sent)
	s.sent.add(told)
	if sent.State == peer.Failed {
		refusal := sent.Error
		if refusal == nil {
			refusal = wire.Refuse(wire.CodeInternal)
		}
		return nil, receipt{}, failed(refusal, "")
	}
	return say(told.String()), told, nil
}

// replied finds the message that an id's first digits mean, and whether it asked for an answer. A whole id counts even where
// the message is not on this machine.
func (s *server) replied(ctx context.Context, door Door, digits string) (id wire.MessageID, asked bool, err error) {
	digits = strings.ToLower(digits)
	m, err := door.Read(ctx, digits)
	switch {
	case err == nil:
		return m.ID, m.Type == "ask", nil
	case wire.CodeOf(err) == wire.CodeNotFound && len(digits) == 2*len(id) && id.UnmarshalText([]byte(digits)) == nil:
		return id, false, nil
	}
	return id, false, failed(err, "check_messages shows the ids of messages.")
}

// explainSend tells a target that means nothing from a machine that is in no mesh.
func (s *server) explainSend(ctx context.Context, door Door, err error) error {
	if wire.CodeOf(err) != wire.CodeNotFound {
		return err
	}
	now, failure := door.Change(ctx, daemon.Change{Caller: s.caller()})
	if failure == nil && len(now.Meshes) == 0 {
		if _, failure = s.lookAgain(ctx, door); failure != nil {
			return failure
		}
		return failed(err, "A mesh was joined just now. Send it again.")
	}
	return err
}

// toMax is how many recipients a receipt names.
const toMax = 8

func receiptOf(sent *daemon.Sent) receipt {
	r := receipt{ID: sent.ID.String(), To: []string{}, State: string(sent.State)}
	if sent.State == peer.Sending {
		r.State = "kept"
	}
	for _, name := range sent.To[:min(len(sent.To), toMax)] {
		r.To = append(r.To, frame.Word(name))
	}
	if more := len(sent.To) - toMax; more > 0 {
		r.To = append(r.To, fmt.Sprintf("%d more", more))
	}
	if sent.Error != nil {
		r.Error = frame.Clip(frame.Line(sent.Error.Error()), sentenceMax)
	}
	return r
}

// String says it in a line.
func (r receipt) String() string {
	text := fmt.Sprintf("Message %s to %s: %s", r.ID[:8], strings.Join(r.To, ", "), r.State)
	switch {
	case r.Error != "":
		text += ": " + r.Error
	case r.State == "kept":
		text += ". The relay is not reached; it goes out by itself once it is."
	case r.State == string(peer.Accepted):
		text += " by the relay."
	default:
		text += "."
	}
	return text
}

// recordMax is how many sent messages a session is told the states of.
const recordMax = 10

// record is what the session sent last, oldest first. It may be used by several goroutines.
type record struct {
	mu   sync.Mutex
	sent []receipt
}

func (r *record) add(told receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, told)
	if len(r.sent) > recordMax {
		r.sent = append([]receipt{}, r.sent[len(r.sent)-recordMax:]...)
	}
}

// look asks for the states of what is on its way still, and gives all.
func (r *record) look(ctx context.Context, door Door) []receipt {
	r.mu.Lock()
	known := append([]receipt{}, r.sent...)
	r.mu.Unlock()
	for i := range known {
		if state := peer.Delivery(known[i].State); state == peer.Read || state == peer.Failed {
			continue
		}
		if _, sent, err := door.Message(ctx, known[i].ID); err == nil {
			known[i] = receiptOf(&sent)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.sent {
		for j := range known {
			if r.sent[i].ID == known[j].ID {
				r.sent[i] = known[j]
			}
		}
	}
	return known
}
