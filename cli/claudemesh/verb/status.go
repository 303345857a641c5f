package verb

import (
	"context"
	"errors"
)

type statusVerb struct{}

func (statusVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
