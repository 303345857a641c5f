package daemon

import "context"

// Read is a message of this machine's log, whole, whoever took it; reading it so takes nothing. id is as for Message.
func (c *Client) Read(ctx context.Context, id string) (*Message, error) {
	if err := c.attachedAll(ctx); err != nil {
		return nil, err
	}
	var found messageFound
	err := c.ask(ctx, opMessage, messageAsked{c.own(), id}, &found)
	return found.Message, err
}
