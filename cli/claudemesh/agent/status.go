package agent

import (
	"time"

	"claudemesh.com/mesh/shared/peer"
)

// Windows say how long signs of a status count.
type Windows struct {
	Hook    time.Duration // a hook's word outranks all but dnd so long: HOOK_FRESH_WINDOW_SECONDS
	Working time.Duration // without a further sign, working falls to idle after it: STATUS_TTL_SECONDS
}

// Sign is a status that something told of, and when, in milliseconds since 1970.
type Sign struct {
	Status peer.Status `json:"status,omitempty"`
	At     int64       `json:"at,omitempty"`
}

// Signs are the last signs of a session, by where they came from: by hand, from a hook, or inferred from what it did.
type Signs struct {
	Manual   Sign `json:"manual,omitzero"`
	Hook     Sign `json:"hook,omitzero"`
	Activity Sign `json:"activity,omitzero"`
}

// Status is what the signs add up to now, and the next moment at which that may change by itself (0: none). dnd set by hand
// stands until changed by hand; then a fresh hook counts, then what was set by hand since the last hook, then the later of an
// old hook and activity.
func (s *Signs) Status(now time.Time, w Windows) (status peer.Status, next int64) {
	at := now.UnixMilli()
	if s.Manual.Status == peer.StatusDND {
		return peer.StatusDND, 0
	}
	best, stale := s.Activity, s.Hook.At+w.Hook.Milliseconds()
	switch {
	case s.Hook.Status != "" && at < stale:
		best, next = s.Hook, stale
	case s.Manual.Status != "" && s.Manual.At >= s.Hook.At:
		best = s.Manual
	case s.Hook.At >= s.Activity.At:
		best = s.Hook
	}
	if best.Status == "" {
		return peer.StatusIdle, next
	}
	if best.Status == peer.StatusWorking {
		falls := max(best.At, s.Activity.At) + w.Working.Milliseconds()
		if at >= falls {
			return peer.StatusIdle, next
		}
		if next == 0 || falls < next {
			next = falls
		}
	}
	return best.Status, next
}

// HookSign is the status that an event of an agent's program tells of, by the names of Claude Code; empty: none. reason is the
// type of a Notification.
func HookSign(event, reason string) peer.Status {
	switch event {
	case "SessionStart", "Stop":
		return peer.StatusIdle
	case "UserPromptSubmit", "PostToolUse":
		return peer.StatusWorking
	case "PermissionRequest":
		return peer.StatusNeedsApproval
	case "Notification":
		switch reason {
		case "permission_prompt", "elicitation_dialog":
			return peer.StatusNeedsApproval
		case "idle_prompt":
			return peer.StatusIdle
		}
	}
	return ""
}
