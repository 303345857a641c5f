package verb

import (
	"context"
	"errors"
)

type summaryVerb struct{}

func (summaryVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
