package peer

import (
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func (c *Core) hearChallenge(payload []byte) error {
	var challenge wire.Challenge
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &challenge); err != nil {
		return err
	}
	if c.link.phase != phaseOpened || len(challenge.Nonce) != wire.ChallengeSize {
		return wire.Errorf(wire.CodeMalformed, "the relay sent a challenge out of turn or of another size")
	}
	origin, err := wire.CanonicalOrigin(c.self.Relay)
	if err != nil {
		return err
	}
	c.measureClock(challenge.Time)
	hello := wire.Hello{Device: c.id, Session: c.device.Session, OneShot: c.device.OneShot, Origin: origin}
	conn := c.link.conn
	c.setPhase(phaseHello)
	c.sign(wire.HelloBytes(challenge.Nonce, c.self.Mesh, hello), func(signature []byte, err error) {
		if c.link.conn != conn || c.link.phase != phaseHello {
			return
		}
		if err != nil {
			c.hangUp(wire.AsError(err), 0, false)
			return
		}
		hello.Signature = signature
		c.send(wire.AppendJSONFrame(nil, wire.FrameHello, hello))
	})
	return nil
}

// measureClock tells a person early what a relay would refuse later.
func (c *Core) measureClock(relay int64) {
	c.link.skew, c.link.ahead = nil, relay-c.milliseconds()
	if difference := c.link.ahead; max(difference, -difference) > wire.ClockSkewSeconds*1000 {
		c.link.skew = wire.Refuse(wire.CodeClockSkew)
	}
}

func (c *Core) hearWelcome(payload []byte) error {
	var w wire.Welcome
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &w); err != nil {
		return err
	}
	if c.link.phase != phaseHello || w.Mesh != c.self.Mesh || w.Device != c.id || w.Session != c.device.Session {
		return wire.Errorf(wire.CodeMalformed, "the relay welcomed another than this session")
	}
	c.link.problem, c.link.lost = nil, time.Time{}
	c.setPhase(phaseRoster)
	c.outbox.resume(c, w.LastCounter)
	c.meet(&w)
	return nil
}

// live goes on where the roster was read to its head, and the relay has all that is here or does not take it.
func (c *Core) live() {
	if c.link.phase != phaseRoster || !c.streams.roster(c).live || c.isBehind() && c.behind.refused == nil {
		return
	}
	c.setPhase(phaseLive)
	c.track(c.sent.order...)
	c.resumeJob()
}

// finalCodes are the refusals after which coming back can only be refused again.
var finalCodes = map[wire.Code]bool{
	wire.CodeRemoved: true, wire.CodeSuperseded: true, wire.CodeWrongOrigin: true, wire.CodeUnknownDevice: true,
	wire.CodeUnknownMesh: true, wire.CodeUnsupported: true, wire.CodeBadSignature: true,
}

func (c *Core) hearClose(payload []byte) error {
	var closing wire.Close
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &closing); err != nil {
		return err
	}
	after := time.Duration(min(max(closing.RetryAfter, 0), maxRetryAfter)) * time.Millisecond
	problem := &closing.Error
	if problem.Code == wire.CodeRemoved && c.jobs.leaving() {
		problem = standingProblem(roster.Left)
	}
	final := finalCodes[problem.Code]
	if problem.Code == wire.CodeSuperseded && c.link.adrift {
		final, c.link.adrift = false, false // by an own hello that was late
	}
	if c.isLost(problem.Code) {
		problem, after, final = errLost, max(after, lostPause), false
	}
	c.hangUp(problem, after, final)
	return nil
}

// maxRetryAfter is how long a relay can keep a peer away, in milliseconds.
const maxRetryAfter = 10 * 60 * 1000

func (c *Core) hearError(payload []byte) error {
	var problem wire.Error
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &problem); err != nil {
		return err
	}
	if c.link.phase < phaseRoster {
		c.link.problem = &problem
	}
	if problem.Retry {
		c.cardsRefused()
	}
	c.output(Complaint{problem})
	return nil
}
