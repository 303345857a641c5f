package peer

import (
	"encoding/binary"
	"time"

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
	ahead   int64       // how far the relay's clock is before this one, in milliseconds, as it last told
	fork    *wire.Error // somebody was shown another roster
	// forkWith is whose message told of it; the next one of a head that this device knows takes it back.
	forkWith wire.DeviceID
	// adrift: a connection ended behind its hello, which may still arrive and be taken for the newer one.
	adrift bool
	lost   time.Time   // when the last welcome connection ended; zero: never, or there is one
	final  *wire.Error // this device may not come back
	told   toldConnection
}

// toldConnection is what programs were told last.
type toldConnection struct {
	connection Connection
	problem    *wire.Error
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
	case Probe:
		c.probe()
	case GoodBye:
		if c.link.phase >= phaseRoster {
			c.send(wire.AppendBye(nil, wire.SessionID{}))
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
	if told := (toldConnection{connection, problem}); told != c.link.told {
		c.link.told = told
	} else {
		return
	}
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
	for _, p := range []*wire.Error{c.behind.refused, c.link.fork, c.link.skew} {
		if problem == nil {
			problem = p
		}
	}
	return Connected, problem
}

// disconnected forgets everything that belonged to the connection.
func (c *Core) disconnected() {
	switch {
	case c.link.phase >= phaseRoster:
		c.link.lost = c.now
	case c.link.phase == phaseHello:
		c.link.adrift = true
	}
	c.frames = nil
	c.link.pinged = false
	clear(c.keys.bad)
	c.streams.disconnected()
	c.behind.disconnected()
	c.outbox.disconnected()
	c.speech.disconnected()
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

// probePatience is how long an answer to a probe may take.
const probePatience = 8 * time.Second

// probe asks the relay for a sign of life, and shortens what is left of the silence that a connection may have.
func (c *Core) probe() {
	if l := &c.link; l.phase >= phaseRoster {
		l.pinged = true
		l.heard = c.now.Add(probePatience - wire.SilenceSeconds*time.Second)
		c.ping()
	}
}

func (c *Core) ping() {
	c.send(wire.AppendFrame(nil, wire.FramePing, binary.BigEndian.AppendUint64(nil, uint64(c.milliseconds()))))
}

func (c *Core) tick() {
	l := &c.link
	if !l.lost.IsZero() && c.stalePresence() {
		c.changed = true // nobody is shown as online any more
	}
	if due := l.deadline(); due.IsZero() || c.now.Before(due) {
		return
	}
	switch {
	case l.phase <= phaseHello:
		c.hangUp(wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time."), 0, false)
	case !l.pinged:
		l.pinged = true
		c.ping()
	default:
		c.hangUp(wire.Refuse(wire.CodeSilent), 0, false)
	}
}

// hear takes the frames of one WebSocket message, which holds one at least.
func (c *Core) hear(message []byte) {
	conn := c.link.conn
	for more := true; more && c.link.conn == conn && c.link.phase > phaseDialing; more = len(message) > 0 {
		var f wire.Frame
		var err error
		if f, message, err = wire.NextFrame(message); err == nil {
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
