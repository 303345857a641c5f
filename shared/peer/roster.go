package peer

import (
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// pumpRoster folds and stores the statements that came, and goes on when the head is reached.
func (c *Core) pumpRoster() {
	st := c.streams.roster(c)
	for len(st.queue) > 0 && c.link.phase >= phaseRoster {
		it := st.queue[0]
		st.queue, st.bytes = st.queue[1:], st.bytes-it.size()
		switch it.kind {
		case wire.FrameStatement:
			if err := c.takeStatement(st, it); err != nil {
				c.refuseRoster(err)
				return
			}
		case wire.FrameGap:
			// A roster without its beginning or middle proves nothing.
			c.refuseRoster(wire.Errorf(wire.CodeBadRoster, "The relay has lost a part of the roster. Nothing from it is trusted; tell the mesh's owner."))
			return
		case wire.FrameLive:
			if c.roster.Number(c.behind.welcome) == 0 {
				c.refuseRoster(errForked)
				return
			}
			st.live, st.tries = true, 0
			c.streams.refreshing = false
			c.changed = true
		}
	}
	c.live()
	if st.short && len(st.queue) == 0 {
		st.short = false
		c.tail(st)
	}
	c.keepRing()
	c.verify()
	c.checkStanding()
}

func (c *Core) refuseRoster(why *wire.Error) {
	c.rosterBad = why
	c.hangUp(why, 0, true)
}

// fold takes the next statement of the roster, or refuses the roster from here on.
func (c *Core) fold(it item) *wire.Error {
	stmt, err := c.roster.Follow(it.bytes)
	if err != nil {
		return wire.AsError(err)
	}
	if c.roster.Mesh() != c.self.Mesh {
		return wire.Errorf(wire.CodeBadRoster, "The relay showed the roster of another mesh.")
	}
	number := uint64(c.roster.Statements() - 1)
	c.put(BucketRoster, u64(number), append(wire.AppendU64(nil, it.time), it.bytes...))
	c.folded(stmt, int64(it.time))
	c.jobFolded(stmt)
	c.changed = true
	return nil
}

// folded notes what the core keeps of a statement beside the roster's state.
func (c *Core) folded(stmt *roster.Statement, landed int64) {
	switch stmt.Kind {
	case roster.KindGenesis, roster.KindJoin:
		if stmt.Author == c.id {
			device, _ := c.roster.Device(c.id)
			c.member, c.joined = device.Member, landed
		}
	case roster.KindLeave:
		c.jobs.rotate = true
	case roster.KindRotation, roster.KindDeviceRevoked, roster.KindMemberRemoved:
		c.jobs.rotate = false
	}
}

// checkStanding ends the connection of a device that is not in the mesh any more.
func (c *Core) checkStanding() {
	if c.link.final != nil {
		return
	}
	device, known := c.roster.Device(c.id)
	if !known || device.Standing == roster.Present {
		return
	}
	c.hangUp(standingProblem(device.Standing), 0, true)
}

func standingProblem(s roster.Standing) *wire.Error {
	if s == roster.Left {
		return wire.Errorf(wire.CodeRemoved, "You left this mesh. What this device has stays readable.")
	}
	return wire.Refuse(wire.CodeRemoved)
}

// keepRing fetches the root keys that the roster holds for this device: the present epoch's from its wrap, the ones before
// through each other.
func (c *Core) keepRing() {
	epoch := c.roster.Epoch()
	if epoch == 0 || c.enrollment != nil {
		return
	}
	before := len(c.ring.Epochs())
	if _, have := c.ring.Root(epoch); !have {
		c.unwrap(epoch)
	}
	for e := epoch; e > 1; e-- {
		root, have := c.ring.Root(e)
		if _, older := c.ring.Root(e - 1); older || !have {
			continue
		}
		c.openPrevious(root, e)
	}
	if len(c.ring.Epochs()) != before {
		c.put(BucketMeta, metaKey(metaRing), c.ring.Bytes())
		c.names.forget()
		c.presence.reopen = true
		c.changed = true
	}
}
