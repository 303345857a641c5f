package verb

import (
	"context"
	"errors"
)

type setupVerb struct{}

func (setupVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
