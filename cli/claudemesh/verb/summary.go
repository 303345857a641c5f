package verb

import (
	"context"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
)

type summaryVerb struct {
	Text string `arg:"" help:"What this session works on, in a line; an empty text takes it away."`
}

func (v summaryVerb) Run(ctx context.Context, c *call) error {
	card, err := c.changeSession(ctx, daemon.Change{Summary: &v.Text})
	if err != nil {
		return err
	}
	c.ownSession(card)
	return nil
}
