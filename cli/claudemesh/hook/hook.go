// Package hook is what Claude Code runs at its events: it tells the daemon what the session does, and prints the messages that
// wait for it. It never holds a session up: whatever the daemon does it ends within a tenth of a second, and without anything to
// print it prints nothing.
//
// It opens no store and no connection to a relay, allows and denies nothing, and decides neither statuses nor which messages are shown.
package hook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/frame"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
)

// Within is how long a hook may take until it prints, since its process began to run. Nothing is printed after it.
const Within = 80 * time.Millisecond

// confirmTime is how much longer what was printed may be confirmed. A confirmation that does not make it lets the messages come
// again, marked as such.
const confirmTime = 15 * time.Millisecond

// limit is how much is shown at once, in bytes. Claude Code puts more than 10,000 characters into a file instead.
const limit = 9500

// Options are what a hook has of the world.
type Options struct {
	In        io.Reader
	Out       io.Writer
	Event     string // the name on the command line, for an input that does not name its event
	ConfigDir string
	Version   string
	Began     time.Time
	Within    time.Duration
}

func (o Options) printBy() time.Time { return o.Began.Add(o.Within) }
func (o Options) endBy() time.Time   { return o.printBy().Add(confirmTime) }

// The turns of a hook: it may print while nothing was decided, and no more once it is too late.
const (
	undecided int32 = iota
	printing
	late
)

// Run takes one event. Whatever goes wrong is silent: an event that Claude Code cannot tell us is no reason to disturb it.
func Run(ctx context.Context, o Options) {
	ctx, cancel := context.WithDeadline(ctx, o.printBy())
	defer cancel()
	var turn atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			// A crash would end with exit code 2, with which Claude Code blocks what its user does.
			_ = recover()
		}()
		o.take(ctx, &turn)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		if turn.CompareAndSwap(undecided, late) {
			return
		}
		select {
		case <-done:
		case <-time.After(time.Until(o.endBy())):
		}
	}
}

// take tells the daemon of the event and prints what is for the session.
func (o Options) take(ctx context.Context, turn *atomic.Int32) {
	in, ok := read(o.In, o.Event)
	if !ok {
		return
	}
	start := in.Event == "SessionStart" && o.hasMesh()
	client, err := daemon.Connect(ctx, daemon.Options{ConfigDir: o.ConfigDir, Version: o.Version, Start: start})
	if err != nil {
		return
	}
	caller := daemon.Caller{Chain: proc.Chain(os.Getpid())}
	if in.AgentID != "" && in.Event == "PostToolUse" {
		// What is printed here would reach the subagent, which cannot answer for the session.
		working := peer.StatusWorking
		_, _ = client.Change(ctx, daemon.Change{Caller: caller, Source: daemon.SourceHook, Status: &working})
		return
	}
	event := daemon.HookEvent{
		Caller: caller, Event: in.Event, ClaudeID: in.SessionID, Directory: in.Directory, Model: in.Model, Reason: in.reason(), Again: in.Again,
	}
	event.Bytes, event.Count = frame.Fit(limit)
	answer, err := client.Hook(ctx, event)
	// A daemon that has only just started knows the session before it knows the meshes that the note is to name.
	for start && err == nil && len(answer.Places) == 0 && pause(ctx) {
		answer, err = client.Hook(ctx, event)
	}
	if err != nil {
		return
	}
	out, whole := show(in.Event, answer)
	if len(out) == 0 || !turn.CompareAndSwap(undecided, printing) {
		return
	}
	if _, err := o.Out.Write(out); err != nil || !whole {
		return
	}
	confirming, cancel := context.WithDeadline(context.WithoutCancel(ctx), o.endBy())
	defer cancel()
	_ = client.Confirm(confirming, answer.Batch.ID)
}

// pause reports whether there is time to ask again.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(5 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// hasMesh reports whether there is anything for a daemon to hold.
func (o Options) hasMesh() bool {
	h, err := home.Open(o.ConfigDir)
	if err != nil {
		return false
	}
	folders, err := h.Folders()
	return err == nil && len(folders) > 0
}

// output is what Claude Code reads from a hook.
type output struct {
	Decision string    `json:"decision,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Specific *specific `json:"hookSpecificOutput,omitempty"`
}

type specific struct {
	Event   string `json:"hookEventName"`
	Context string `json:"additionalContext"`
}

// show is what the event's hook prints, empty for nothing; whole: every message of the batch is in it.
func show(event string, answer daemon.HookAnswer) (out []byte, whole bool) {
	text := frame.Note(answer.Places, answer.Waiting)
	if n := len(answer.Batch.Messages); n > 0 {
		framed, shown, err := frame.Text(rand.Reader, answer.Batch.Messages, answer.Batch.More, limit)
		if err != nil {
			return nil, false
		}
		text, whole = framed, shown == n
	}
	var o output
	switch event {
	case "SessionStart", "UserPromptSubmit", "PostToolUse":
		o.Specific = &specific{event, text}
	case "Stop":
		o.Decision, o.Reason = "block", text
	default:
		return nil, false
	}
	if text == "" {
		return nil, false
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(o) != nil {
		return nil, false
	}
	return []byte(b.String()), whole
}
