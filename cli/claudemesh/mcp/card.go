package mcp

import (
	"context"
	"fmt"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/frame"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// summaryMax is how long a summary may be, in characters: it is read in a list.
const summaryMax = 200

type setSummary struct {
	Summary string `json:"summary" jsonschema:"one line, like: moving the parser to the new lexer"`
}

type setStatus struct {
	Status string `json:"status"`
}

// card is what the mesh sees of the session now.
type card struct {
	Session string   `json:"session"`
	Status  string   `json:"status"`
	Summary string   `json:"summary"`
	Meshes  []string `json:"meshes"`
}

func (s *server) setSummary(ctx context.Context, in setSummary) (*sdk.CallToolResult, card, error) {
	summary := frame.Line(in.Summary)
	return s.change(ctx, daemon.Change{Summary: &summary})
}

func (s *server) setStatus(ctx context.Context, in setStatus) (*sdk.CallToolResult, card, error) {
	status := peer.Status(in.Status)
	return s.change(ctx, daemon.Change{Status: &status})
}

func (s *server) change(ctx context.Context, change daemon.Change) (*sdk.CallToolResult, card, error) {
	door, err := s.door(ctx)
	if err != nil {
		return nil, card{}, err
	}
	change.Caller, change.Source = s.caller(), daemon.SourceManual
	now, err := door.Change(ctx, change)
	if err != nil {
		return nil, card{}, failed(err, todoDoctor)
	}
	if len(now.Meshes) == 0 {
		if now, err = s.lookAgain(ctx, door); err != nil {
			return nil, card{}, err
		}
	}
	seen := card{now.Session.String()[:8], string(now.Card.Status), now.Card.Summary, []string{}}
	for _, name := range now.Meshes {
		seen.Meshes = append(seen.Meshes, frame.Line(name))
	}
	text := fmt.Sprintf("Shown as %s", seen.Status)
	if seen.Summary != "" {
		text += fmt.Sprintf(", %q", seen.Summary)
	}
	return say(fmt.Sprintf("%s, in %s.", text, strings.Join(seen.Meshes, ", "))), seen, nil
}

// lookAgain looks whether the machine has joined a mesh meanwhile, and gives the session as it is then. The error says why it
// is in none still; errNoMesh: the machine has none.
func (s *server) lookAgain(ctx context.Context, door Door) (daemon.SessionCard, error) {
	if err := door.Rescan(ctx); err != nil {
		return daemon.SessionCard{}, failed(err, todoDoctor)
	}
	now, err := door.Change(ctx, daemon.Change{Caller: s.caller()})
	if err != nil {
		return daemon.SessionCard{}, failed(err, todoDoctor)
	}
	if len(now.Meshes) > 0 {
		return now, nil
	}
	report, err := door.Report(ctx)
	if err != nil {
		return daemon.SessionCard{}, failed(err, todoDoctor)
	}
	for _, m := range report.Meshes {
		if m.Problem != nil {
			return daemon.SessionCard{}, failed(m.Problem, todoDoctor)
		}
	}
	if len(report.Meshes) > 0 {
		return daemon.SessionCard{}, failed(wire.Errorf(wire.CodeNotFound, "This session keeps to mesh %q, which is none of this machine's.", s.Agent.Mesh),
			"Ask the user to correct --mesh or CLAUDEMESH_MESH in the entry of this server.")
	}
	return daemon.SessionCard{}, errNoMesh
}
