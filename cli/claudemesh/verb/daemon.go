package verb

import (
	"context"
	"errors"
)

type daemonVerb struct{}

func (daemonVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
