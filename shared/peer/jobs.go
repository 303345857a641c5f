package peer

import (
	"bytes"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// jobs are the statements that this device wants in the roster, one after another. Most of them name the exact head, so
// whatever is lost in a race is made, signed and sent again.
type jobs struct {
	queue  []*job // the first is under way
	ref    uint64 // of the last append
	rotate bool   // a member left since the last rotation
	hold   time.Time
	lost   []wire.InviteID // made here, and nobody can use them: their code was lost
	// quiet keeps the core's own wishes from being repeated at once after a refusal.
	quiet map[roster.Kind]time.Time
}

func newJobs() jobs { return jobs{quiet: map[roster.Kind]time.Time{}} }

// job is one statement to be.
type job struct {
	ref  uint64 // of the command; 0: the core's own wish
	what roster.Kind
	// build makes the body for the present roster, or none where it is not wanted any more; ready false: keys are on their
	// way, and pump comes by again.
	build func() (body roster.Body, extra wire.Append, ready bool, err error)
	// done runs once: with the statement when it is folded and the reply is there, or with the refusal.
	done func(landed *roster.Statement, reply wire.Reply, err error)

	signing bool
	append  wire.Append // as sent; Ref 0: nothing was
	built   wire.Head   // the head on which it was made
	reply   *wire.Reply
	landed  *roster.Statement
	tries   int
}

// maxTries is how often a statement is made again after it lost a race.
const maxTries = 16

func (c *Core) addJob(j *job) {
	c.jobs.queue = append(c.jobs.queue, j)
}

func (j *jobs) has(what roster.Kind) bool {
	return slices.ContainsFunc(j.queue, func(j *job) bool { return j.what == what })
}

// command adds the job of a command, or refuses where it could only wait.
func (c *Core) command(j *job) {
	problem := c.usable()
	if problem == nil && c.behind.refused != nil {
		problem = c.behind.refused
	}
	if problem == nil && c.link.phase == phaseDown {
		problem = c.link.problem
		if problem == nil {
			problem = wire.Refuse(wire.CodeUnreachable)
		}
	}
	if problem != nil {
		c.fail(j.ref, problem)
		return
	}
	c.addJob(j)
}

// forget drops a command's job that was not sent yet.
func (j *jobs) forget(ref uint64) {
	j.queue = slices.DeleteFunc(j.queue, func(one *job) bool {
		return ref != 0 && one.ref == ref && one.append.Ref == 0 && !one.signing
	})
}

// jobsDisconnected fails the commands that wait; what was sent and not answered shows itself in the roster later.
func (c *Core) jobsDisconnected() {
	queue := c.jobs.queue
	c.jobs.queue, c.jobs.hold = nil, time.Time{}
	for _, j := range queue {
		j.signing = false
		if j.append.Ref != 0 {
			c.jobs.queue = append(c.jobs.queue, j)
			continue
		}
		if j.ref != 0 {
			problem := c.link.problem
			if problem == nil {
				problem = wire.Refuse(wire.CodeUnreachable)
			}
			j.done(nil, wire.Reply{}, problem)
		}
	}
}

// leaving reports whether the own member's leave was sent: a relay that calls this device removed then means that.
func (j *jobs) leaving() bool { return len(j.queue) > 0 && j.queue[0].leaving() }

func (j *job) leaving() bool { return j.what == roster.KindLeave && j.append.Ref != 0 }

// counting reports whether a statement is under way that names the last counter of this device: a send behind it would be
// accepted and then dropped by everyone.
func (j *jobs) counting() bool {
	return len(j.queue) > 0 && j.queue[0].what == roster.KindLeave && (j.queue[0].signing || j.queue[0].append.Ref != 0)
}

// finishJobs settles everything where this device may not come back.
func (c *Core) finishJobs(problem *wire.Error) {
	queue := c.jobs.queue
	c.jobs.queue = nil
	for _, j := range queue {
		if j.landed != nil || j.leaving() && problem.Code == wire.CodeRemoved {
			j.done(j.landed, wire.Reply{}, nil)
		} else {
			j.done(nil, wire.Reply{}, problem)
		}
	}
}

// pumpJobs adds what the core wants by itself, and moves the first job on.
func (c *Core) pumpJobs() {
	if c.held(&c.jobs.hold) || c.link.phase != phaseLive || c.enrollment != nil || c.link.final != nil || c.isBehind() {
		return
	}
	for c.link.phase == phaseLive {
		c.wishProfile()
		c.wishRotation()
		c.wishRetire()
		if len(c.jobs.queue) == 0 || !c.pumpJob(c.jobs.queue[0]) {
			return
		}
		c.jobs.queue = c.jobs.queue[1:]
	}
}

// pumpJob moves a job on; true: it is done.
func (c *Core) pumpJob(j *job) bool {
	switch {
	case j.landed != nil && (j.reply != nil || j.what != roster.KindInvite):
		var reply wire.Reply
		if j.reply != nil {
			reply = *j.reply
		}
		j.done(j.landed, reply, nil)
		return true
	case j.reply != nil && j.reply.Error != nil:
		if c.refusedJob(j) {
			return true
		}
	}
	if j.append.Ref != 0 || j.signing || c.streams.refreshing || !c.jobs.hold.IsZero() {
		return false
	}
	body, extra, ready, err := j.build()
	if err != nil {
		j.done(nil, wire.Reply{}, err)
		return true
	}
	if ready && body == nil {
		j.done(nil, wire.Reply{}, nil)
		return true
	}
	if ready {
		c.signJob(j, body, extra)
	}
	return false
}

func (c *Core) signJob(j *job, body roster.Body, extra wire.Append) {
	draft := c.roster.Draft(c.id, c.statementTime(j.what), body)
	unsigned := draft.Unsigned()
	j.signing, j.built = true, draft.Prev
	conn := c.link.conn
	c.sign(roster.SigningBytes(unsigned), func(signature []byte, err error) {
		if c.link.conn != conn || !slices.Contains(c.jobs.queue, j) {
			return
		}
		j.signing = false
		if err != nil {
			c.jobs.queue = slices.DeleteFunc(c.jobs.queue, func(one *job) bool { return one == j })
			j.done(nil, wire.Reply{}, err)
			return
		}
		if draft.Prev != c.roster.Head() {
			return // pump makes it again
		}
		extra.Statement = roster.Assemble(unsigned, signature)
		c.sendJob(j, extra)
	})
}

// statementTime is the device's clock; a profile's time has to rise even where the clock was set back.
func (c *Core) statementTime(what roster.Kind) uint64 {
	now := uint64(c.milliseconds())
	if what == roster.KindProfile {
		self, _ := c.roster.Member(c.member)
		now = max(now, self.ProfileTime+1)
	}
	return now
}

func (c *Core) sendJob(j *job, a wire.Append) {
	c.jobs.ref++
	a.Ref = c.jobs.ref
	j.append, j.reply = a, nil
	c.send(wire.AppendJSONFrame(nil, wire.FrameAppend, a))
}

// refusedJob decides what a refusal means; true: the job is over.
func (c *Core) refusedJob(j *job) bool {
	refusal := j.reply.Error
	j.tries++
	if !j.lostRace(refusal.Code) && refusal.Code != wire.CodeRateLimited || j.tries > maxTries {
		j.done(nil, wire.Reply{}, refusal)
		return true
	}
	if refusal.Code == wire.CodeRateLimited {
		c.jobs.hold = c.now.Add(min(time.Second<<min(j.tries, 5), 30*time.Second))
	} else if j.built == c.roster.Head() {
		c.refreshRoster()
	}
	j.append, j.reply = wire.Append{}, nil
	return false
}

// lostRace reports whether another statement came first, so that this one can be made again. Of two profiles of one time,
// made by two devices, the second is replayed.
func (j *job) lostRace(code wire.Code) bool {
	return code == wire.CodeStaleHead || code == wire.CodeStaleEpoch || code == wire.CodeReplayed && j.what == roster.KindProfile
}

func (c *Core) hearReply(payload []byte) error {
	var reply wire.Reply
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &reply); err != nil {
		return err
	}
	if reply.Ref == c.behind.ref && reply.Ref != 0 {
		c.hearOffered(&reply)
		return nil
	}
	if len(c.jobs.queue) == 0 {
		return nil
	}
	if j := c.jobs.queue[0]; j.append.Ref == reply.Ref && reply.Ref != 0 {
		j.reply = &reply
	}
	return nil
}

// jobFolded sees whether a statement of the roster is the one that was sent.
func (c *Core) jobFolded(stmt *roster.Statement) {
	if len(c.jobs.queue) > 0 {
		if j := c.jobs.queue[0]; j.append.Ref != 0 && bytes.Equal(j.append.Statement, stmt.Raw) {
			j.landed = stmt
			return
		}
	}
	if made, ok := stmt.Body.(*roster.Invite); ok {
		if row, here := c.invites[made.ID]; here && row.Code == "" { // of an earlier run, which had no answer
			c.jobs.lost = append(c.jobs.lost, made.ID)
		}
	}
}

// resumeJob looks at what was sent before the connection was lost, once the roster is read to its head: it landed, or it is
// made again. An invite that landed without an answer lacks its code, so that nobody can ever use it.
func (c *Core) resumeJob() {
	if len(c.jobs.queue) == 0 {
		return
	}
	j := c.jobs.queue[0]
	switch {
	case j.append.Ref == 0 || j.reply != nil:
	case j.landed == nil:
		j.append = wire.Append{}
	case j.what == roster.KindInvite:
		c.jobs.queue = c.jobs.queue[1:]
		j.done(j.landed, wire.Reply{}, wire.Refuse(wire.CodeUnavailable))
	}
}
