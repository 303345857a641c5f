package verb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/cli/claudemesh/doctor"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

type doctorVerb struct {
	Fix bool `help:"Mend what is safe to: modes of claudemesh's own files, sockets that were left behind."`
}

func (v doctorVerb) Run(ctx context.Context, c *call) error {
	m, err := c.machine()
	if err != nil {
		return err
	}
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return err
	}
	meshes, known, err := c.meshesToCheck(ctx, h)
	if err != nil {
		return err
	}
	m.Means = means(known)
	d := &doctor.Doctor{
		Home: h, Machine: m, Version: c.Version, NoDaemon: c.NoDaemon, Fix: v.Fix, Now: time.Now,
		HTTP: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Dial: probe, Report: c.showFinding,
	}
	if !d.Run(ctx, meshes) {
		return &endedError{ExitFailed} // the findings say why
	}
	return ctx.Err()
}

// meshesToCheck are the meshes of this machine, but for those that were made or joined only halfway, and what names those that can be read.
func (c *call) meshesToCheck(ctx context.Context, h *home.Home) (meshes []doctor.Mesh, known []agent.Known, err error) {
	folders, err := h.Folders()
	if err != nil {
		return nil, nil, err
	}
	for _, folder := range folders {
		view, err := device.View(ctx, folder)
		if wire.CodeOf(err) == wire.CodeNotFound || errors.Is(err, os.ErrNotExist) {
			continue
		}
		m := doctor.Mesh{Folder: folder, Problem: err}
		if err == nil {
			m.ID, m.Name, m.Relay, m.Socket = view.Mesh.String(), view.Name, view.Relay, driver.SocketURL(view.Relay, view.Mesh)
			known = append(known, agent.Known{Name: view.Name, ID: view.Mesh})
		}
		meshes = append(meshes, m)
	}
	return meshes, known, nil
}

// probe opens a connection to a mesh's relay and closes it before the handshake. A relay that has no such mesh says so at once;
// one that has it asks for a proof.
func probe(ctx context.Context, m doctor.Mesh) error {
	conn, err := dial.Relay{}.Dial(ctx, m.Socket)
	if err != nil {
		return err
	}
	message, err := conn.Read(ctx)
	_ = conn.Close(1000, "")
	if err != nil {
		return err
	}
	first, _, err := wire.NextFrame(message)
	if err != nil || first.Type != wire.FrameClose {
		return err
	}
	var closing wire.Close
	if err := wire.DecodeJSON(first.Payload, wire.MaxJSON, &closing); err != nil {
		return err
	}
	return &closing.Error
}

func (c *call) showFinding(f doctor.Finding) {
	if c.grammar.JSON {
		writeJSON(c.Stdout, f)
		return
	}
	mark := map[doctor.Status]string{doctor.OK: "ok   ", doctor.Warn: "warn ", doctor.Fail: "FAIL "}[f.Status]
	if f.Fixed {
		mark = "fixed"
	}
	subject := f.Check
	if f.Subject != "" {
		subject += " " + f.Subject
	}
	fmt.Fprintf(c.Stdout, "%s  %s: %s\n", mark, line(subject), line(f.Text))
	if f.Remedy != "" && !f.Fixed {
		fmt.Fprintf(c.Stdout, "       → %s\n", clean(f.Remedy)) // a line feed in a quoted path belongs to it
	}
}
