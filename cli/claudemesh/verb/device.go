package verb

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"slices"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// session is what others see of a command while it runs.
type session int

const (
	passing session = iota // nothing: it ends soon
	asPerson
	asAgent
)

// sessionOf is that of a verb which lasts, or does not.
func sessionOf(lasts, isAgent bool) session {
	switch {
	case !lasts:
		return passing
	case isAgent:
		return asAgent
	}
	return asPerson
}

// card is what others see of a lasting command.
func (c *call) card(as session) *peer.Card {
	if as == passing {
		return nil
	}
	name, _ := os.Hostname()
	kind := peer.KindPerson
	if as == asAgent {
		kind = peer.KindAgent
	}
	return &peer.Card{Kind: kind, Status: peer.StatusIdle, Host: name, Client: "claudemesh " + c.Version}
}

// showAs shows a lasting command that runs in the process that serves the device as a session beside that one's own, until hide.
func (c *call) showAs(ctx context.Context, as session) (hide func(), err error) {
	card := c.card(as)
	if card == nil {
		return func() {}, nil
	}
	var id wire.SessionID
	rand.Read(id[:])
	if err := c.device.SetSession(ctx, id, *card); err != nil {
		return nil, err
	}
	return func() { _ = c.device.EndSession(context.WithoutCancel(ctx), id) }, nil
}

// joined is a mesh of this machine as it was last known, and its folder.
type joined struct {
	folder home.Folder
	agent.Known
}

// joined are the meshes of this machine, without those that were made or joined only halfway, or are being left just now.
func (c *call) joined(ctx context.Context) ([]joined, error) {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return nil, err
	}
	folders, err := h.Folders()
	if err != nil {
		return nil, err
	}
	var all []joined
	for _, folder := range folders {
		view, err := device.View(ctx, folder)
		if wire.CodeOf(err) == wire.CodeNotFound || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, joined{folder, agent.Known{Name: view.Name, ID: view.Mesh}})
	}
	return all, nil
}

func known(meshes []joined) []agent.Known {
	all := make([]agent.Known, len(meshes))
	for i := range meshes {
		all[i] = meshes[i].Known
	}
	return all
}

// choose finds the mesh that --mesh names, or the only one there is.
func (c *call) choose(ctx context.Context) (joined, error) {
	all, err := c.joined(ctx)
	if err != nil {
		return joined{}, err
	}
	found := known(all)
	if c.grammar.Mesh != "" {
		found = agent.Meant(c.grammar.Mesh, found)
	}
	switch {
	case len(found) == 1:
		return all[slices.IndexFunc(all, func(j joined) bool { return j.ID == found[0].ID })], nil
	case len(found) > 1:
		return joined{}, wire.Errorf(wire.CodeAmbiguous, "There are several meshes: %s. Choose one with --mesh.", agent.List(found))
	case c.grammar.Mesh != "":
		return joined{}, wire.Errorf(wire.CodeNotFound, "There is no mesh %q on this machine. \"claudemesh list\" shows those that there are.", c.grammar.Mesh)
	}
	return joined{}, wire.Errorf(wire.CodeNotFound, "There is no mesh on this machine yet. Begin with \"claudemesh join LINK\" or \"claudemesh create NAME --relay URL\".")
}
