package verb

import (
	"context"
	"errors"
)

type doctorVerb struct{}

func (doctorVerb) Run(ctx context.Context, c *call) error { return errors.New("not built yet") }
