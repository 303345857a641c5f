package peer

import (
	"encoding/binary"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// phase is how far a connection has come.
type phase uint8

const (
	phaseDown    phase = iota
	phaseDialing       // no connection yet
	phaseOpened        // waits for the challenge
	phaseHello         // waits for the welcome
	phaseRoster        // welcome; the roster is being read
	phaseLive          // the roster was read to its head: streams are tailed, messages sent
)

// link is the connection to the relay: handshake, keep-alive, and why it ended.
type link struct {
	conn    uint64
	phase   phase
	opened  time.Time
	heard   time.Time
	pinged  bool
	problem *wire.Error // why there is no connection, or what is wrong with it
	skew    *wire.Error // the clocks differ too much
	fork    *wire.Error // somebody was shown another roster
	lost    time.Time   // when the last welcome connection ended; zero: never, or there is one
	limits  wire.Limits
	final   *wire.Error // this device may not come back
}

func (l *link) deadline() time.Time {
	switch {
	case l.phase <= phaseDialing:
		return time.Time{}
	case l.phase <= phaseHello:
		return l.opened.Add(wire.HandshakeSeconds * time.Second)
	case !l.pinged:
		return l.heard.Add(wire.PingSeconds * time.Second)
	}
	return l.heard.Add(wire.SilenceSeconds * time.Second)
}

func (c *Core) handleLink(in Input) {
	switch in := in.(type) {
	case Dialing:
		if c.link.phase == phaseDown {
			c.setPhase(phaseDialing)
		}
	case Opened:
		c.disconnected()
		c.link.conn, c.link.opened, c.link.heard = in.Conn, c.now, c.now
		c.setPhase(phaseOpened)
	case Closed:
		if in.Conn != 0 && in.Conn != c.link.conn {
			return
		}
		if in.Problem != nil && c.link.final == nil {
			c.link.problem = in.Problem
		}
		c.disconnected()
	case Heard:
		if in.Conn == c.link.conn && c.link.phase > phaseDialing {
			c.link.heard, c.link.pinged = c.now, false
			c.hear(in.Message)
		}
	case Tick:
		c.tick()
	case GoodBye:
		if c.link.phase >= phaseRoster {
			c.send(wire.AppendFrame(nil, wire.FrameBye, nil))
		}
	}
}

func (c *Core) setPhase(p phase) {
	if c.link.phase != p {
		c.link.phase = p
		c.connectionChanged()
	}
}

func (c *Core) connectionChanged() {
	c.changed = true
	connection, problem := c.connection()
	c.notify(Event{Kind: EventConnection, Connection: connection, Problem: problem})
}

// connection is what a person is told of the connection.
func (c *Core) connection() (Connection, *wire.Error) {
	problem := c.link.problem
	if c.link.final != nil {
		problem = c.link.final
	}
	if c.rosterBad != nil {
		problem = c.rosterBad
	}
	switch {
	case problem != nil && problem.Code == wire.CodeRemoved:
		return Removed, problem
	case c.enrollment != nil && problem == nil:
		return Joining, nil
	case c.link.phase == phaseDown:
		return Unconnected, problem
	case c.link.phase < phaseLive:
		return Connecting, problem
	}
	for _, p := range []*wire.Error{c.link.fork, c.link.skew} {
		if problem == nil {
			problem = p
		}
	}
	return Connected, problem
}

// disconnected forgets everything that belonged to the connection.
func (c *Core) disconnected() {
	if c.link.phase >= phaseRoster {
		c.link.lost = c.now
	}
	c.frames = nil
	c.link.pinged = false
	c.streams.disconnected()
	c.outbox.disconnected()
	c.presence.disconnected()
	c.setPhase(phaseDown)
	c.jobsDisconnected()
}

// hangUp ends the connection for a reason of this side.
func (c *Core) hangUp(problem *wire.Error, after time.Duration, final bool) {
	conn := c.link.conn
	c.link.problem = problem
	if final {
		c.link.final = problem
		if problem.Code == wire.CodeRemoved {
			c.outbox.abandon(c, problem)
		}
		c.finishJobs(problem)
	}
	c.flushFrames()
	c.disconnected()
	c.output(Hangup{Conn: conn, Problem: problem, RetryAfter: after, Final: final})
}

func (c *Core) tick() {
	l := &c.link
	if due := l.deadline(); due.IsZero() || c.now.Before(due) {
		return
	}
	switch {
	case l.phase <= phaseHello:
		c.hangUp(wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time."), 0, false)
	case !l.pinged:
		l.pinged = true
		c.send(wire.AppendFrame(nil, wire.FramePing, binary.BigEndian.AppendUint64(nil, uint64(c.milliseconds()))))
	default:
		c.hangUp(wire.Refuse(wire.CodeSilent), 0, false)
	}
}

// hear takes the frames of one WebSocket message.
func (c *Core) hear(message []byte) {
	conn := c.link.conn
	for rest := message; len(rest) > 0 && c.link.conn == conn && c.link.phase > phaseDialing; {
		var f wire.Frame
		var err error
		if f, rest, err = wire.NextFrame(rest); err == nil {
			err = c.frame(f)
		}
		if err != nil {
			c.hangUp(wire.AsError(err), 0, false)
			return
		}
	}
}

// frame takes one frame. An error means that the relay does not speak the protocol; the connection ends.
func (c *Core) frame(f wire.Frame) error {
	switch f.Type {
	case wire.FrameChallenge:
		return c.hearChallenge(f.Payload)
	case wire.FrameWelcome:
		return c.hearWelcome(f.Payload)
	case wire.FrameClose:
		return c.hearClose(f.Payload)
	case wire.FrameError:
		return c.hearError(f.Payload)
	case wire.FramePong:
		return nil
	}
	if c.link.phase < phaseRoster {
		return wire.Errorf(wire.CodeMalformed, "the relay sent frame %#x before its welcome", uint8(f.Type))
	}
	switch f.Type {
	case wire.FrameStatement, wire.FrameDeliver, wire.FrameLive, wire.FrameGap:
		return c.hearStream(f)
	case wire.FrameAccepted:
		return c.hearAccepted(f.Payload)
	case wire.FrameRefused:
		return c.hearRefused(f.Payload)
	case wire.FrameResume:
		return c.hearResume(f.Payload)
	case wire.FrameDelivered:
		return c.hearDelivered(f.Payload)
	case wire.FramePresence:
		return c.hearPresence(f.Payload)
	case wire.FrameReply:
		return c.hearReply(f.Payload)
	}
	// A later relay may send what this version does not know; nothing here rests on it.
	c.dropped(wire.CodeUnknownFrame, wire.Stream{}, wire.DeviceID{})
	return nil
}

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
	c.link.skew = nil
	if difference := c.milliseconds() - relay; max(difference, -difference) > wire.ClockSkewSeconds*1000 {
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
	c.link.problem, c.link.lost, c.link.limits = nil, time.Time{}, w.Limits
	c.setPhase(phaseRoster)
	c.outbox.resume(c, w.LastCounter)
	c.tail(c.streams.roster(c))
	return nil
}

// live goes on where the roster was read to its head.
func (c *Core) live() {
	if c.link.phase != phaseRoster {
		return
	}
	c.setPhase(phaseLive)
	c.track(c.sent.order...)
	c.presence.cardDue = true
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
	c.hangUp(problem, after, finalCodes[problem.Code])
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
	c.output(Complaint{problem})
	return nil
}
