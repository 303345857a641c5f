package peer

import (
	"strings"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func (c *Core) commandTopic(in MakeTopic) {
	name := keyring.TopicName{Name: strings.TrimSpace(in.Name), Description: strings.TrimSpace(in.Description)}
	if err := name.Check(); err != nil {
		c.fail(in.Ref, err)
		return
	}
	for topic := range c.roster.Topics() {
		if c.topicName(topic.ID).Name == name.Name && !topic.Archived {
			c.fail(in.Ref, wire.Errorf(wire.CodeMalformed, "There is a topic #%s already.", name.Name))
			return
		}
	}
	c.command(&job{
		ref: in.Ref, what: roster.KindTopic,
		build: func() (roster.Body, wire.Append, bool, error) {
			epoch := c.roster.Epoch()
			root, ready := c.ring.Root(epoch)
			if !ready {
				return nil, wire.Append{}, false, nil
			}
			sealed, err := keyring.SealTopicName(c.entropy, root, epoch, name)
			return &roster.Topic{Sealed: sealed}, wire.Append{}, true, err
		},
		done: func(landed *roster.Statement, _ wire.Reply, err error) {
			if err != nil {
				c.fail(in.Ref, err)
				return
			}
			c.result(Result{Ref: in.Ref, Topic: landed.TopicID()})
		},
	})
}

// commandRename keeps the name; the core wishes for the profile until the roster has it.
func (c *Core) commandRename(in Rename) {
	name := strings.TrimSpace(in.Name)
	if err := keyring.CheckName(name); err != nil {
		c.fail(in.Ref, err)
		return
	}
	c.self.Name = name
	delete(c.jobs.quiet, roster.KindProfile)
	c.saveIdentity()
	c.result(Result{Ref: in.Ref})
}

func (c *Core) saveIdentity() {
	c.put(BucketMeta, metaKey(metaIdentity), encode(c.self))
	c.changed = true
}

// wishProfile publishes the display name that the person chose, where the roster has another.
func (c *Core) wishProfile() {
	if c.self.Name == "" || !c.mayWish(roster.KindProfile) {
		return
	}
	if c.profile(c.member).Name == c.self.Name {
		c.self.Name = ""
		c.saveIdentity()
		return
	}
	c.addJob(&job{
		what: roster.KindProfile,
		build: func() (roster.Body, wire.Append, bool, error) {
			epoch := c.roster.Epoch()
			root, ready := c.ring.Root(epoch)
			if !ready || c.self.Name == "" {
				return nil, wire.Append{}, ready, nil
			}
			profile := c.profile(c.member)
			profile.Name = c.self.Name
			sealed, err := keyring.SealProfile(c.entropy, root, epoch, profile)
			return &roster.Profile{Sealed: sealed}, wire.Append{}, true, err
		},
		done: c.wished(roster.KindProfile),
	})
}

// wishRotation makes a new root key after a member left. Whoever is online and may do it tries; the roster's head lets one
// succeed.
func (c *Core) wishRotation() {
	self, _ := c.roster.Member(c.member)
	if !c.jobs.rotate || self.Role < wire.RoleAdmin || !c.mayWish(roster.KindRotation) {
		return
	}
	c.addJob(&job{what: roster.KindRotation, build: c.buildRotation, done: c.wished(roster.KindRotation)})
}

func (c *Core) mayWish(what roster.Kind) bool {
	return !c.jobs.has(what) && !c.now.Before(c.jobs.quiet[what])
}

// wishPause is how long a refused wish rests.
const wishPause = time.Minute

func (c *Core) wished(what roster.Kind) func(*roster.Statement, wire.Reply, error) {
	return func(_ *roster.Statement, _ wire.Reply, err error) {
		if err == nil || c.link.final != nil {
			return
		}
		c.jobs.quiet[what] = c.now.Add(wishPause)
		c.output(Complaint{*wire.AsError(err)})
	}
}

func (c *Core) buildRotation() (body roster.Body, extra wire.Append, ready bool, err error) {
	epoch := c.roster.Epoch()
	previous, have := c.ring.Root(epoch)
	if !c.jobs.rotate {
		return nil, extra, true, nil
	}
	type target struct {
		device wire.DeviceID
		key    identity.SharedKey
	}
	var targets []target
	ready = have
	for member := range c.roster.Members() {
		for _, id := range c.roster.DevicesOf(member.ID) {
			device, _ := c.roster.Device(id)
			key, here, problem := c.sharedKey(device.Public.Box)
			if problem != nil {
				return nil, extra, false, problem
			}
			ready = ready && here
			targets = append(targets, target{id, key})
		}
	}
	if !ready {
		return nil, extra, false, nil
	}
	root, err := keyring.NewRoot(c.entropy)
	if err != nil {
		return nil, extra, false, err
	}
	r := &roster.Rotation{Commitment: keyring.Commitment(root, epoch+1)}
	wrapped, err := keyring.WrapPrevious(c.entropy, root, epoch+1, previous)
	if err != nil {
		return nil, extra, false, err
	}
	copy(r.Previous[:], wrapped)
	for _, t := range targets {
		of := keyring.Wrap{Mesh: c.self.Mesh, Author: c.id, Device: t.device, Epoch: epoch + 1}
		nonce, box, err := of.Seal(c.entropy, root, t.key)
		if err != nil {
			return nil, extra, false, err
		}
		r.Wraps = append(r.Wraps, roster.Wrap{Device: t.device, Nonce: nonce, Box: [roster.WrapBoxSize]byte(box)})
	}
	return r, extra, true, nil
}

func (c *Core) commandLeave(in Depart) {
	c.command(&job{
		ref: in.Ref, what: roster.KindLeave,
		build: func() (roster.Body, wire.Append, bool, error) {
			leave := &roster.Leave{}
			for _, id := range c.roster.DevicesOf(c.member) {
				last := roster.LastCounter{Device: id, Counter: c.outbox.counter}
				if id != c.id {
					// Nobody knows here what the other own devices sent last. They can send no more once this landed.
					last.Counter = wire.MaxCounter
				}
				leave.Last = append(leave.Last, last)
			}
			return leave, wire.Append{}, true, nil
		},
		done: func(_ *roster.Statement, _ wire.Reply, err error) {
			if err != nil {
				c.fail(in.Ref, err)
				return
			}
			c.result(Result{Ref: in.Ref})
		},
	})
}
