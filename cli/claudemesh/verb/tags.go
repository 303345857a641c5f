package verb

import (
	"context"
	"fmt"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
)

type tagsVerb struct {
	Show   tagsShowVerb   `cmd:"" default:"1" help:"List them (the default)."`
	Add    tagsAddVerb    `cmd:"" help:"Add tags."`
	Remove tagsRemoveVerb `cmd:"" help:"Take tags away."`
}

type (
	tagsShowVerb struct{}
	tagsAddVerb  struct {
		Tags []string `arg:"" help:"Words without spaces."`
	}
	tagsRemoveVerb struct {
		Tags []string `arg:"" help:"Tags that it has."`
	}
)

func (tagsShowVerb) Run(ctx context.Context, c *call) error {
	return c.changeTags(ctx, daemon.Change{})
}

func (v tagsAddVerb) Run(ctx context.Context, c *call) error {
	return c.changeTags(ctx, daemon.Change{AddTags: v.Tags})
}

func (v tagsRemoveVerb) Run(ctx context.Context, c *call) error {
	return c.changeTags(ctx, daemon.Change{DropTags: v.Tags})
}

func (c *call) changeTags(ctx context.Context, change daemon.Change) error {
	card, err := c.changeSession(ctx, change)
	if err != nil {
		return err
	}
	if c.grammar.JSON {
		c.ownSession(card)
		return nil
	}
	for _, tag := range card.Card.Tags {
		fmt.Fprintln(c.Stdout, line(tag))
	}
	return nil
}
