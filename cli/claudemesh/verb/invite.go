package verb

import (
	"context"
	"fmt"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

type inviteJSON struct {
	Mesh      wire.MeshID   `json:"mesh_id"`
	Invite    wire.InviteID `json:"invite_id"`
	Code      string        `json:"code"`
	Link      string        `json:"link"`
	Role      wire.Role     `json:"role"`
	Uses      int           `json:"uses"`
	ExpiresAt string        `json:"expires_at"`
}

func (v inviteCreateVerb) Run(ctx context.Context, c *call) error {
	role, err := wire.ParseRole(v.Role)
	if err != nil {
		return &usageError{wire.AsError(err).Message}
	}
	if v.Uses < 1 || v.Uses > wire.MaxInviteUses {
		return &usageError{fmt.Sprintf("an invite has 1 to %d uses", wire.MaxInviteUses)}
	}
	lasts := time.Duration(v.Expires)
	if lasts < time.Second {
		return &usageError{"an invite holds for a second at least"}
	}
	return c.speak(ctx, passing, func(ctx context.Context, d *device.Device) error {
		if err := d.Live(ctx); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, device.Patience)
		defer cancel()
		var made peer.InviteView
		err := d.Await(ctx, func(ctx context.Context) (err error) {
			made, err = d.CreateInvite(ctx, peer.InviteOptions{Role: role, Uses: v.Uses, Seconds: int64(lasts / time.Second)})
			return err
		})
		if err != nil {
			return err
		}
		view := d.Mesh()
		if c.grammar.JSON {
			writeJSON(c.Stdout, inviteJSON{view.Mesh, made.Invite, made.Code, made.Link, made.Role, made.Uses, time.UnixMilli(made.ExpiresAt).UTC().Format(time.RFC3339)})
			return nil
		}
		fmt.Fprintln(c.Stdout, made.Link)
		until := time.UnixMilli(made.ExpiresAt).Format("2006-01-02 15:04")
		c.note("Joins %s as %s; %s, until %s. Whoever has this link can join: send it privately.", line(view.Name), made.Role, plural(made.Uses, "use"), until)
		return nil
	})
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
