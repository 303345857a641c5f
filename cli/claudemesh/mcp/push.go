package mcp

import (
	"context"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/frame"
)

// The names that Claude Code gives to pushes (its channels reference).
const (
	channelCapability = "claude/channel"
	channelMethod     = "notifications/claude/channel"
)

// pushMax is how much a push says, in bytes. The rest is told by check_messages.
const pushMax = 8 << 10

// channel is a push. The names in Meta are letters, digits and _ alone: others vanish.
type channel struct {
	Content string            `json:"content"`
	Meta    map[string]string `json:"meta"`
}

// showPushes writes what is pushed to the session until the session or ctx ends. A push has no answer, so none counts as read.
func (s *server) showPushes(ctx context.Context, attached Attached) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-attached.Done():
			return
		case m, open := <-attached.Pushes():
			if !open {
				return
			}
			if err := s.push(&m); err != nil {
				s.Log("a message could not be pushed: %v", err)
			}
		}
	}
}

func (s *server) push(m *daemon.Message) error {
	text, _, err := frame.Text(s.Entropy, []daemon.Message{*m}, 0, pushMax)
	if err != nil {
		return err
	}
	meta := map[string]string{
		"message": m.ID.String(), "from": frame.Word(m.FromName), "member": m.From.String()[:8], "mesh": frame.Word(m.MeshName),
		"type": frame.Word(m.Type), "priority": m.Priority.String(),
	}
	if m.Topic != "" {
		meta["topic"] = frame.Word(m.Topic)
	}
	return s.stdio.notify(channelMethod, channel{text, meta})
}
