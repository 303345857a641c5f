package verb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

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

// choose finds the folder that --mesh names, or the only one there is.
func (c *call) choose(ctx context.Context) (home.Folder, error) {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return home.Folder{}, err
	}
	folders, err := h.Folders()
	if err != nil {
		return home.Folder{}, err
	}
	var found []home.Folder
	var names []string
	for _, folder := range folders {
		view, err := device.View(ctx, folder)
		if wire.CodeOf(err) == wire.CodeNotFound || errors.Is(err, os.ErrNotExist) {
			continue // made or joined only halfway, or being left just now
		}
		if err != nil {
			return home.Folder{}, err
		}
		if want := c.grammar.Mesh; want != "" && !agent.Names(want, view.Name, view.Mesh) {
			continue
		}
		found, names = append(found, folder), append(names, fmt.Sprintf("%s (%s)", clean(view.Name), view.Mesh.String()[:8]))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return home.Folder{}, wire.Errorf(wire.CodeAmbiguous, "There are several meshes: %s. Choose one with --mesh.", strings.Join(names, ", "))
	case c.grammar.Mesh != "":
		return home.Folder{}, wire.Errorf(wire.CodeNotFound, "There is no mesh %q on this machine. \"claudemesh list\" shows those that there are.", c.grammar.Mesh)
	}
	return home.Folder{}, wire.Errorf(wire.CodeNotFound, "There is no mesh on this machine yet. Begin with \"claudemesh join LINK\" or \"claudemesh create NAME --relay URL\".")
}
