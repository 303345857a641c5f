package verb

import (
	"context"
	"errors"
)

type mcpVerb struct{}

func (mcpVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
