package verb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// meshJSON is a mesh, and who this device is in it, for programs.
type meshJSON struct {
	Mesh        wire.MeshID   `json:"mesh_id"`
	Name        string        `json:"name"`
	Member      wire.MemberID `json:"member_id"`
	Device      wire.DeviceID `json:"device_id"`
	DisplayName string        `json:"display_name"`
	Role        wire.Role     `json:"role"`
	Relay       string        `json:"relay"`
	Connection  string        `json:"connection,omitempty"`
	Unread      int           `json:"unread"`
	Waiting     int           `json:"waiting"`
}

func meshOf(view peer.MeshView) meshJSON {
	return meshJSON{
		view.Mesh, view.Name, view.Member, view.Device, view.DisplayName, view.Role, view.Relay, "", view.Unread, view.Waiting,
	}
}

// displayName is the name given with --as, or else that of the login.
func displayName(as string) (string, error) {
	if name := strings.TrimSpace(as); name != "" {
		return name, nil
	}
	login, err := user.Current()
	if err != nil || login.Username == "" {
		return "", &usageError{"your name could not be found; give it with --as NAME"}
	}
	name := login.Username
	if _, last, ok := strings.Cut(name, `\`); ok { // DOMAIN\name
		name = last
	}
	return name, nil
}

// folderFor is the folder's name for what a command makes. It depends on what was asked for alone, so that the same command,
// given again after it was cut off, goes on with the same device.
func folderFor(verb string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return verb + "-" + hex.EncodeToString(sum[:8])
}

func (v createVerb) Run(ctx context.Context, c *call) error {
	name, err := displayName(v.As)
	if err != nil {
		return err
	}
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return err
	}
	relay, err := wire.CanonicalOrigin(v.Relay)
	if err != nil {
		return &usageError{wire.AsError(err).Message}
	}
	folderName, err := unfinished(ctx, c, h, folderFor("create", relay, v.Name, name))
	if err != nil {
		return err
	}
	return c.enter(ctx, h, folderName, func(ctx context.Context, host driver.Host) error {
		return driver.Create(ctx, host, driver.CreateOptions{Relay: v.Relay, Name: v.Name, DisplayName: name, Token: v.Token})
	})
}

// unfinished is name, where no mesh was finished under it, and else a name of its own: the same command twice makes two meshes.
func unfinished(ctx context.Context, c *call, h *home.Home, name string) (string, error) {
	folders, err := h.Folders()
	if err != nil {
		return "", err
	}
	for _, folder := range folders {
		if folder.Name() != name {
			continue
		}
		_, err := device.View(ctx, folder)
		switch wire.CodeOf(err) {
		case wire.CodeNotFound:
			return name, nil
		case "":
			return h.Fresh(), nil
		}
		return "", err
	}
	return name, nil
}

func (v joinVerb) Run(ctx context.Context, c *call) error {
	if v.Yes && !v.Setup {
		return &usageError{"--yes answers what --setup asks; say both, or neither"}
	}
	name, err := displayName(v.As)
	if err != nil {
		return err
	}
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return err
	}
	link := strings.TrimSpace(v.Link)
	folderName := folderFor("join", link)
	if err := c.refuseSecondJoin(ctx, h, link, folderName); err != nil {
		if wire.CodeOf(err) == wire.CodeAlreadyJoined && v.Setup && !c.grammar.JSON { // who repeats the line of the invite page wants the rest of it
			c.note("%v", err)
			c.connectAgents(ctx, v.Yes)
			return nil
		}
		return err
	}
	err = c.enter(ctx, h, folderName, func(ctx context.Context, host driver.Host) error {
		return driver.Join(ctx, host, driver.JoinOptions{Link: link, DisplayName: name})
	})
	if err == nil && v.Setup {
		c.connectAgents(ctx, v.Yes)
	}
	return err
}

// refuseSecondJoin looks the invite up first: this machine joins a mesh once. A join under the same link that was cut off may go on.
func (c *call) refuseSecondJoin(ctx context.Context, h *home.Home, link, folderName string) error {
	folders, err := h.Folders()
	if err != nil {
		return err
	}
	var preview *peer.InvitePreview
	for _, folder := range folders {
		view, err := device.View(ctx, folder)
		if folder.Name() == folderName {
			if err == nil {
				return wire.Errorf(wire.CodeAlreadyJoined, "This machine has joined %q by this link already.", view.Name)
			}
			return nil // a join that was cut off: the invite itself may be used up by now, so it is not asked for again
		}
		if err != nil {
			continue
		}
		if preview == nil {
			p, err := driver.Preview(ctx, dial.Relay{}, link)
			if err != nil {
				return err
			}
			preview = &p
		}
		if view.Mesh == preview.Mesh {
			return wire.Errorf(wire.CodeAlreadyJoined, "This machine is in %q already, as %s. To speak as someone else, set %s to another folder.", view.Name, view.DisplayName, home.Env)
		}
	}
	return nil
}

// enterPatience is how long making or joining a mesh may take.
const enterPatience = time.Minute

// enter makes the device for a new mesh, lets make create or join it, and shows it. What make refuses for good leaves no folder
// behind. A running daemon is told.
func (c *call) enter(ctx context.Context, h *home.Home, folderName string, make func(context.Context, driver.Host) error) error {
	err := c.enterAlone(ctx, h, folderName, make)
	c.tellDaemon(ctx)
	return err
}

func (c *call) enterAlone(ctx context.Context, h *home.Home, folderName string, make func(context.Context, driver.Host) error) error {
	folder, err := h.Make(folderName)
	if err != nil {
		return err
	}
	lock, err := folder.Lock()
	if err != nil {
		if errors.Is(err, home.ErrHeld) {
			return wire.Errorf(wire.CodeInUse, "Another claudemesh is doing the same just now.")
		}
		return err
	}
	defer lock.Unlock()
	host, store, err := device.Host(folder, device.Options{})
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, enterPatience, wire.Errorf(wire.CodeUnreachable,
		"The relay did not come to an end with this within %s. Nothing was lost: the same command goes on where it stopped.", enterPatience))
	defer cancel()
	if err = make(limited, host); err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = context.Cause(limited)
	}
	if err := errors.Join(err, store.Close()); err != nil {
		if refusal := new(wire.Error); errors.As(err, &refusal) && !refusal.Retry && refusal.Code != wire.CodeInternal {
			return errors.Join(refusal, folder.Remove())
		}
		return err
	}
	view, err := device.View(ctx, folder)
	if err != nil {
		return err
	}
	if c.grammar.JSON {
		writeJSON(c.Stdout, meshOf(view))
		return nil
	}
	fmt.Fprintf(c.Stdout, "You are %s in %s, as %s.\n", line(view.DisplayName), line(view.Name), view.Role)
	fmt.Fprintf(c.Stdout, "  mesh    %s\n  member  %s\n", view.Mesh, view.Member)
	return nil
}

func (listVerb) Run(ctx context.Context, c *call) error {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return err
	}
	folders, err := h.Folders()
	if err != nil {
		return err
	}
	rows := [][]string{{"MESH", "ID", "YOU", "ROLE", "RELAY"}}
	for _, folder := range folders {
		view, err := device.View(ctx, folder)
		if wire.CodeOf(err) == wire.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		if c.grammar.JSON {
			writeJSON(c.Stdout, meshOf(view))
		}
		rows = append(rows, []string{line(view.Name), view.Mesh.String()[:8], line(view.DisplayName), view.Role.String(), view.Relay})
	}
	switch {
	case c.grammar.JSON:
	case len(rows) == 1:
		fmt.Fprintln(c.Stdout, "No meshes yet. Begin with \"claudemesh join LINK\" or \"claudemesh create NAME --relay URL\".")
	default:
		c.table(rows)
	}
	return nil
}

func (whoamiVerb) Run(ctx context.Context, c *call) error {
	chosen, err := c.choose(ctx)
	if err != nil {
		return err
	}
	folder := chosen.folder
	view, err := device.View(ctx, folder)
	if err != nil {
		return err
	}
	if c.grammar.JSON {
		out := meshOf(view)
		writeJSON(c.Stdout, struct {
			meshJSON
			Name     string `json:"name"`
			MeshName string `json:"mesh_name"`
		}{out, view.DisplayName, view.Name})
		return nil
	}
	fmt.Fprintf(c.Stdout, "%s in %s, as %s\n", line(view.DisplayName), line(view.Name), view.Role)
	fmt.Fprintf(c.Stdout, "  member  %s\n  device  %s\n  mesh    %s\n  relay   %s\n", view.Member, view.Device, view.Mesh, view.Relay)
	return nil
}

func (v leaveVerb) Run(ctx context.Context, c *call) error {
	chosen, err := c.choose(ctx)
	if err != nil {
		return err
	}
	folder := chosen.folder
	view, err := device.View(ctx, folder)
	if err != nil {
		return err
	}
	if !v.Yes && c.device == nil {
		if err := c.confirm(ctx, fmt.Sprintf("Leave %s? Its keys and messages on this machine are deleted.", line(view.Name))); err != nil {
			return err
		}
	}
	defer c.tellDaemon(ctx)
	lock, err := c.lockAway(ctx, folder)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if !v.Local {
		if err := c.tellLeave(ctx, folder); err != nil {
			return err
		}
	}
	if err := folder.Remove(); err != nil {
		return err
	}
	if c.grammar.JSON {
		writeJSON(c.Stdout, meshOf(view))
		return nil
	}
	if v.Local {
		fmt.Fprintf(c.Stdout, "%s is forgotten here. Its other members were not told.\n", line(view.Name))
		return nil
	}
	fmt.Fprintf(c.Stdout, "You have left %s.\n", line(view.Name))
	return nil
}

// tellLeave takes the member out of the mesh. A device that is out of it already has nothing to tell.
func (c *call) tellLeave(ctx context.Context, folder home.Folder) error {
	d, err := device.Open(ctx, folder, device.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	d.Connect(context.WithoutCancel(ctx))
	if err = d.Live(ctx); err == nil {
		err = d.Await(ctx, d.Leave)
	}
	switch wire.CodeOf(err) {
	case "", wire.CodeRemoved, wire.CodeUnknownDevice:
		return nil
	case wire.CodeLastOwner, wire.CodeUnreachable, wire.CodeUnknownMesh:
		refusal := wire.AsError(err)
		return &wire.Error{Code: refusal.Code, Retry: refusal.Retry, Message: sentence(refusal.Message) + " To delete it from this machine alone, add --local."}
	}
	return err
}

// confirm asks on a terminal; elsewhere --yes must say it.
func (c *call) confirm(ctx context.Context, question string) error {
	if !c.Asks {
		return &usageError{"this cannot be undone; say --yes"}
	}
	word, err := c.ask(ctx, question+" [y/N] ")
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if word = strings.ToLower(word); word != "y" && word != "yes" {
		return &usageError{"nothing was changed"}
	}
	return nil
}

func (versionVerb) Run(c *call) error {
	if c.grammar.JSON {
		writeJSON(c.Stdout, struct {
			Version  string `json:"version"`
			Protocol string `json:"protocol"`
		}{c.Version, wire.Subprotocol})
		return nil
	}
	fmt.Fprintf(c.Stdout, "claudemesh %s (%s)\n", c.Version, wire.Subprotocol)
	return nil
}
