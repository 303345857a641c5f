package verb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/proc"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

type statusVerb struct {
	Show statusShowVerb `cmd:"" default:"1" help:"Show what this session is doing (the default)."`
	Set  statusSetVerb  `cmd:"" help:"Set it by hand: idle, working, needs-approval or dnd, which stays until it is set again."`
}

type statusShowVerb struct{}

type statusSetVerb struct {
	Status peer.Status `arg:"" enum:"idle,working,needs-approval,dnd" help:"idle, working, needs-approval or dnd."`
}

// ownSessionJSON is a session of this machine, for programs.
type ownSessionJSON struct {
	Session     string      `json:"session_id"`
	Kind        peer.Kind   `json:"kind"`
	Status      peer.Status `json:"status"`
	StatusSince string      `json:"status_since"`
	Summary     string      `json:"summary"`
	Tags        []string    `json:"tags"`
	Host        string      `json:"host,omitempty"`
	Directory   string      `json:"directory,omitempty"`
	Model       string      `json:"model,omitempty"`
	Client      string      `json:"client,omitempty"`
	Meshes      []string    `json:"meshes"`
	Waiting     int         `json:"waiting"`
	PID         int         `json:"pid,omitempty"`
	Since       string      `json:"since"`
}

func ownSession(s *daemon.SessionCard) ownSessionJSON {
	return ownSessionJSON{
		Session: s.Session.String(), Kind: s.Card.Kind, Status: s.Card.Status, StatusSince: stamp(s.Card.StatusSince), Summary: s.Card.Summary,
		Tags: append([]string{}, s.Card.Tags...), Host: s.Card.Host, Directory: s.Card.Directory, Model: s.Card.Model,
		Client: s.Card.Client, Meshes: append([]string{}, s.Meshes...), Waiting: s.Waiting, PID: s.Process.PID, Since: stamp(s.Since),
	}
}

// changeSession changes the session that this command belongs to: that of the agent that runs it, or else one of the terminal,
// which is made where something is to be changed. With nothing to change it shows what there is, and starts no daemon.
func (c *call) changeSession(ctx context.Context, change daemon.Change) (*daemon.SessionCard, error) {
	if c.NoDaemon {
		return nil, wire.Errorf(wire.CodeUnsupported, "CLAUDEMESH_NO_DAEMON is set: without the daemon there is no session to speak of.")
	}
	changes := change.Status != nil || change.Summary != nil || len(change.AddTags)+len(change.DropTags) > 0
	client, err := daemon.Connect(ctx, c.daemonOptions(changes))
	if err != nil {
		if !changes && wire.CodeOf(err) == wire.CodeUnreachable {
			return nil, errNoSession
		}
		return nil, err
	}
	defer client.Close()
	change.Source = daemon.SourceManual
	change.Chain = proc.Chain(os.Getpid())
	if changes {
		change.Terminal = terminal(change.Chain)
	}
	card, err := client.Change(ctx, change)
	if wire.CodeOf(err) == wire.CodeNotFound {
		return nil, errNoSession
	}
	return &card, err
}

var errNoSession = wire.Errorf(wire.CodeNotFound, "There is no session here yet. An agent has one, and a terminal gets one by \"claudemesh status set\".")

func (v statusSetVerb) Run(ctx context.Context, c *call) error {
	card, err := c.changeSession(ctx, daemon.Change{Status: &v.Status})
	if err != nil {
		return err
	}
	c.ownSession(card)
	return nil
}

func (statusShowVerb) Run(ctx context.Context, c *call) error {
	card, err := c.changeSession(ctx, daemon.Change{})
	if err != nil {
		return err
	}
	c.ownSession(card)
	return nil
}

// ownSession shows a session of this machine.
func (c *call) ownSession(card *daemon.SessionCard) {
	s := ownSession(card)
	if c.grammar.JSON {
		writeJSON(c.Stdout, s)
		return
	}
	where := "no mesh"
	if len(s.Meshes) > 0 {
		where = strings.Join(s.Meshes, ", ")
	}
	fmt.Fprintf(c.Stdout, "%s since %s, in %s\n", s.Status, time.UnixMilli(card.Card.StatusSince).Format("15:04"), line(where))
	for _, part := range [][2]string{{"summary", s.Summary}, {"tags", strings.Join(s.Tags, " ")}, {"session", s.Session[:8]}} {
		if part[1] != "" {
			fmt.Fprintf(c.Stdout, "  %-8s %s\n", part[0], line(part[1]))
		}
	}
}
