package hook

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxInput bounds an event, in bytes. The largest are those of tools that read a file.
const maxInput = 8 << 20

// input is what of an event is used. Claude Code has changed what it sends over time: whatever is not there is empty.
type input struct {
	Event            string `json:"hook_event_name"`
	SessionID        string `json:"session_id"`
	Directory        string `json:"cwd"`
	Model            string `json:"model"`
	AgentID          string `json:"agent_id"` // of a subagent, in whose run the event is
	Source           string `json:"source"`
	EndReason        string `json:"reason"`
	NotificationType string `json:"notification_type"`
	Message          string `json:"message"`
	Again            bool   `json:"stop_hook_active"`
}

// read reads an event. fallback names it where the input does not. Not ok: it is none, or one that claudemesh has no use for.
func read(from io.Reader, fallback string) (in input, ok bool) {
	text, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err != nil || len(text) > maxInput {
		return input{}, false
	}
	// A field that has become something else is as if it were not there.
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &in); err != nil && !errors.As(err, &other) || in.SessionID == "" {
		return input{}, false
	}
	if in.Event == "" {
		in.Event = fallback
	}
	if in.Event == "SessionEnd" && in.EndReason == "resume" {
		return input{}, false // its program goes on with another conversation
	}
	return in, slices.Contains(Events(), in.Event)
}

// Events are those of Claude Code that claudemesh has a use for.
func Events() []string {
	return []string{"SessionStart", "UserPromptSubmit", "PostToolUse", "PermissionRequest", "Notification", "Stop", "SessionEnd"}
}

// reason is why the event came. Notifications of older versions say it in their sentence alone.
func (in input) reason() string {
	switch in.Event {
	case "SessionStart":
		return in.Source
	case "SessionEnd":
		return in.EndReason
	case "Notification":
		switch {
		case in.NotificationType != "":
			return in.NotificationType
		case strings.Contains(in.Message, "needs your permission"):
			return "permission_prompt"
		case strings.Contains(in.Message, "waiting for your input"):
			return "idle_prompt"
		}
	}
	return ""
}
