package verb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

type memberJSON struct {
	Mesh     wire.MeshID     `json:"mesh_id"`
	Member   wire.MemberID   `json:"member_id"`
	Name     string          `json:"name"`
	Groups   []string        `json:"groups"`
	Role     wire.Role       `json:"role"`
	IsSelf   bool            `json:"is_self"`
	Kind     peer.Kind       `json:"kind"`
	Presence peer.Presence   `json:"presence"`
	Since    string          `json:"since,omitempty"`
	Status   peer.Status     `json:"status,omitempty"`
	Summary  string          `json:"summary,omitempty"`
	Sessions []string        `json:"session_ids"` // online or away
	Devices  []wire.DeviceID `json:"device_ids"`
	JoinedAt string          `json:"joined_at,omitempty"`
}

func (membersVerb) Run(ctx context.Context, c *call) error {
	return c.speak(ctx, passing, func(ctx context.Context, d *device.Device) error {
		reached := d.Live(ctx)
		if reached != nil {
			c.note("claudemesh: %v Showing what was known last.", reached)
		}
		view := d.Mesh()
		rows := [][]string{{"NAME", "ROLE", "PRESENCE", "STATUS", "ID"}}
		for i := range view.Members {
			m := &view.Members[i]
			if c.grammar.JSON {
				writeJSON(c.Stdout, memberJSON{
					view.Mesh, m.Member, m.Name, append([]string{}, m.Groups...), m.Role, m.IsSelf, m.Kind, m.Presence, stamp(m.Since),
					m.Status, m.Summary, sessionIDs(m), m.Devices, stamp(m.JoinedAt),
				})
				continue
			}
			name := line(m.Name)
			if name == "" {
				name = "(joining)"
			}
			if m.IsSelf {
				name += " (you)"
			}
			presence := string(m.Presence)
			if reached != nil {
				presence = "?"
			}
			status := strings.TrimSpace(string(m.Status) + " " + line(m.Summary))
			if m.Presence == peer.Offline {
				status = "" // what it did when it was last here says nothing about now
			}
			rows = append(rows, []string{name, m.Role.String(), presence, status, m.Member.String()[:8]})
			if reached != nil {
				continue
			}
			for j := range m.Sessions {
				if s := &m.Sessions[j]; s.State != peer.Offline && s.Card.Kind == peer.KindAgent {
					rows = append(rows, []string{"  " + s.Session.String()[:8], string(s.Card.Kind), string(s.State), doing(s), line(where(s))})
				}
			}
		}
		if !c.grammar.JSON {
			c.table(rows)
		}
		return nil
	})
}

func sessionIDs(m *peer.MemberView) []string {
	ids := []string{}
	for i := range m.Sessions {
		if m.Sessions[i].State != peer.Offline {
			ids = append(ids, m.Sessions[i].Session.String())
		}
	}
	return ids
}

// doing is a session's status, since when, and what it works on.
func doing(s *peer.SessionView) string {
	text := string(s.Card.Status)
	if s.Card.StatusSince > 0 && text != "" {
		text += " since " + time.UnixMilli(s.Card.StatusSince).Format("15:04")
	}
	return strings.TrimSpace(text + " " + line(s.Card.Summary))
}

// where is the machine and folder of a session, and what it says of itself beside.
func where(s *peer.SessionView) string {
	parts := append([]string{s.Card.Host, s.Card.Directory, s.Card.Model}, s.Card.Tags...)
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return strings.TrimSpace(part) == "" }), " ")
}

type sessionJSON struct {
	Mesh      wire.MeshID    `json:"mesh_id"`
	Member    wire.MemberID  `json:"member_id"`
	Name      string         `json:"name"`
	Device    wire.DeviceID  `json:"device_id"`
	Session   wire.SessionID `json:"session_id"`
	IsSelf    bool           `json:"is_self"`
	State     peer.Presence  `json:"state"`
	Since     string         `json:"since"`
	Kind      peer.Kind      `json:"kind"`
	Status    peer.Status    `json:"status,omitempty"`
	StatusAt  string         `json:"status_since,omitempty"`
	Summary   string         `json:"summary,omitempty"`
	Host      string         `json:"host,omitempty"`
	Directory string         `json:"directory,omitempty"`
	Model     string         `json:"model,omitempty"`
	Tags      []string       `json:"tags"`
	Client    string         `json:"client,omitempty"`
}

func (peersVerb) Run(ctx context.Context, c *call) error {
	return c.speak(ctx, passing, func(ctx context.Context, d *device.Device) error {
		if err := d.Live(ctx); err != nil {
			return err
		}
		view := d.Mesh()
		rows := [][]string{{"NAME", "SESSION", "PRESENCE", "KIND", "STATUS", "WHERE"}}
		for i := range view.Members {
			m := &view.Members[i]
			for _, s := range m.Sessions {
				if s.State == peer.Offline {
					continue
				}
				if c.grammar.JSON {
					writeJSON(c.Stdout, sessionJSON{
						view.Mesh, m.Member, m.Name, s.Device, s.Session, m.IsSelf, s.State, stamp(s.Since), s.Card.Kind, s.Card.Status,
						stamp(s.Card.StatusSince), s.Card.Summary, s.Card.Host, s.Card.Directory, s.Card.Model, append([]string{}, s.Card.Tags...),
						s.Card.Client,
					})
					continue
				}
				rows = append(rows, []string{
					line(m.Name), s.Session.String()[:8], string(s.State), string(s.Card.Kind), doing(&s), line(where(&s)),
				})
			}
		}
		switch {
		case c.grammar.JSON:
		case len(rows) == 1:
			fmt.Fprintln(c.Stdout, "Nobody is here just now.")
		default:
			c.table(rows)
		}
		return nil
	})
}
