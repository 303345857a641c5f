package api

// Methods are all methods of the interface Peer but `on`, which subscribes and is the program's own affair. Their parameters
// are read one by one rather than by reflection or through a generic function, which would cost some ten kilobytes of
// download.
var Methods = [...]Method{
	{"start", func(c *call) (any, error) {
		var o StartOptions
		if err := c.take(&o); err != nil {
			return nil, err
		}
		return c.Start(c.ctx, o)
	}},
	{"meshes", func(c *call) (any, error) {
		if err := c.take(); err != nil {
			return nil, err
		}
		return c.Meshes(c.ctx)
	}},
	{"mesh", func(c *call) (any, error) {
		var mesh string
		if err := c.take(&mesh); err != nil {
			return nil, err
		}
		return c.Mesh(c.ctx, mesh)
	}},
	{"createMesh", func(c *call) (any, error) {
		var o CreateMeshOptions
		if err := c.take(&o); err != nil {
			return nil, err
		}
		return c.CreateMesh(c.ctx, o)
	}},
	{"previewInvite", func(c *call) (any, error) {
		var link string
		if err := c.take(&link); err != nil {
			return nil, err
		}
		return c.PreviewInvite(c.ctx, link)
	}},
	{"joinMesh", func(c *call) (any, error) {
		var o JoinMeshOptions
		if err := c.take(&o); err != nil {
			return nil, err
		}
		return c.JoinMesh(c.ctx, o)
	}},
	{"leaveMesh", func(c *call) (any, error) {
		var mesh string
		if err := c.take(&mesh); err != nil {
			return nil, err
		}
		return nil, c.LeaveMesh(c.ctx, mesh)
	}},
	{"forgetMesh", func(c *call) (any, error) {
		var mesh string
		if err := c.take(&mesh); err != nil {
			return nil, err
		}
		return nil, c.ForgetMesh(c.ctx, mesh)
	}},
	{"setDisplayName", func(c *call) (any, error) {
		var mesh, name string
		if err := c.take(&mesh, &name); err != nil {
			return nil, err
		}
		return nil, c.SetDisplayName(c.ctx, mesh, name)
	}},
	{"messages", func(c *call) (any, error) {
		var mesh string
		var conversation ConversationID
		var before uint64
		var limit int
		if err := c.take(&mesh, &conversation, &before, &limit); err != nil {
			return nil, err
		}
		return c.Messages(c.ctx, mesh, conversation, before, limit)
	}},
	{"resolve", func(c *call) (any, error) {
		var mesh, target string
		if err := c.take(&mesh, &target); err != nil {
			return nil, err
		}
		return c.Resolve(c.ctx, mesh, target)
	}},
	{"complete", func(c *call) (any, error) {
		var mesh, prefix string
		if err := c.take(&mesh, &prefix); err != nil {
			return nil, err
		}
		return c.Complete(c.ctx, mesh, prefix)
	}},
	{"send", func(c *call) (any, error) {
		var o SendOptions
		if err := c.take(&o); err != nil {
			return nil, err
		}
		return c.Send(c.ctx, o)
	}},
	{"retry", func(c *call) (any, error) {
		var mesh, message string
		if err := c.take(&mesh, &message); err != nil {
			return nil, err
		}
		return c.Retry(c.ctx, mesh, message)
	}},
	{"markRead", func(c *call) (any, error) {
		var mesh string
		var conversation ConversationID
		if err := c.take(&mesh, &conversation); err != nil {
			return nil, err
		}
		return nil, c.MarkRead(c.ctx, mesh, conversation)
	}},
	{"settleAsk", func(c *call) (any, error) {
		var mesh, message string
		if err := c.take(&mesh, &message); err != nil {
			return nil, err
		}
		return nil, c.SettleAsk(c.ctx, mesh, message)
	}},
	{"saveDraft", func(c *call) (any, error) {
		var mesh string
		var conversation ConversationID
		var text string
		if err := c.take(&mesh, &conversation, &text); err != nil {
			return nil, err
		}
		return nil, c.SaveDraft(c.ctx, mesh, conversation, text)
	}},
	{"draft", func(c *call) (any, error) {
		var mesh string
		var conversation ConversationID
		if err := c.take(&mesh, &conversation); err != nil {
			return nil, err
		}
		return c.Draft(c.ctx, mesh, conversation)
	}},
	{"createTopic", func(c *call) (any, error) {
		var mesh, name, description string
		if err := c.take(&mesh, &name, &description); err != nil {
			return nil, err
		}
		return c.CreateTopic(c.ctx, mesh, name, description)
	}},
	{"createInvite", func(c *call) (any, error) {
		var o CreateInviteOptions
		if err := c.take(&o); err != nil {
			return nil, err
		}
		return c.CreateInvite(c.ctx, o)
	}},
	{"invites", func(c *call) (any, error) {
		var mesh string
		if err := c.take(&mesh); err != nil {
			return nil, err
		}
		return c.Invites(c.ctx, mesh)
	}},
	{"retireInvite", func(c *call) (any, error) {
		var mesh, invite string
		if err := c.take(&mesh, &invite); err != nil {
			return nil, err
		}
		return nil, c.RetireInvite(c.ctx, mesh, invite)
	}},
	{"setStatus", func(c *call) (any, error) {
		var mesh string
		var status Status
		var summary string
		if err := c.take(&mesh, &status, &summary); err != nil {
			return nil, err
		}
		return nil, c.SetStatus(c.ctx, mesh, status, summary)
	}},
	{"addDemoAgents", func(c *call) (any, error) {
		var mesh string
		if err := c.take(&mesh); err != nil {
			return nil, err
		}
		return nil, c.AddDemoAgents(c.ctx, mesh)
	}},
	{"wake", func(c *call) (any, error) {
		if err := c.take(); err != nil {
			return nil, err
		}
		return nil, c.Wake(c.ctx)
	}},
}
