package verb

import (
	"context"
	"errors"
)

type tagsVerb struct{}

func (tagsVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
