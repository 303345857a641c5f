package verb

import (
	"context"
	"errors"
)

type hookVerb struct{}

func (hookVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
