package mesh

import (
	"io"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// hello judges the answer to the challenge (docs/PROTOCOL.md, section 9). Whatever is wrong with it ends the connection.
func (c *Core) hello(now time.Time, entropy io.Reader, conn *connection, payload []byte) {
	var h wire.Hello
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &h); err != nil {
		c.drop(now, conn, wire.AsError(err))
		return
	}
	c.whenKnown(now, entropy, func(now time.Time, _ io.Reader) {
		if conn.ending {
			return
		}
		err := c.prove(conn, h)
		if err == nil {
			err = c.admit(now, conn, h)
		}
		if err != nil {
			c.drop(now, conn, wire.AsError(err))
		}
	})
}

// prove checks that the peer holds the device's key, over this connection's nonce.
func (c *Core) prove(conn *connection, h wire.Hello) error {
	if h.Session.IsZero() {
		return wire.Errorf(wire.CodeMalformed, "a session id is not zero")
	}
	if !slices.Contains(c.config.Origins, h.Origin) {
		return wire.Refuse(wire.CodeWrongOrigin)
	}
	view, ok := c.roster.Device(h.Device)
	if !ok {
		return wire.Refuse(wire.CodeUnknownDevice)
	}
	if view.Standing != roster.Present {
		return wire.Refuse(wire.CodeRemoved)
	}
	if !identity.Verify(view.Public.Sign, wire.HelloBytes(conn.nonce, c.mesh, h), h.Signature) {
		return wire.Refuse(wire.CodeBadSignature)
	}
	return nil
}

// admit makes the connection the session's.
func (c *Core) admit(now time.Time, conn *connection, h wire.Hello) error {
	device := c.device(h.Device)
	for _, older := range device.conns {
		if older.session == h.Session {
			if s := c.leaseOf(older); s != nil && !h.OneShot {
				c.hold(s, nil) // it passes to this connection without having been away
			}
			c.passSpoken(now, older, conn)
			c.drop(now, older, wire.Refuse(wire.CodeSuperseded))
			break
		}
	}
	if len(device.conns) >= c.config.DeviceConnections {
		return wire.Errorf(wire.CodeRateLimited, "This device has as many connections as the relay allows. Close one and try again.")
	}
	if !h.OneShot {
		if err := c.takeLease(now, conn, device, h.Session); err != nil {
			return err
		}
	}
	c.unheard = leave(c.unheard, conn)
	conn.index = len(c.welcomed)
	c.welcomed = append(c.welcomed, conn)
	conn.device, conn.session, conn.oneShot, conn.nonce, conn.fresh = device, h.Session, h.OneShot, nil, true
	c.arrivals++
	conn.arrival = c.arrivals
	conn.tails = make(map[wire.Stream]*tail)
	device.conns = append(device.conns, conn)
	c.arrived = append(c.arrived, conn)
	c.due(now.Add(c.config.Silence))
	c.whenDone(-1, func(now time.Time, _ *Verdict) { c.welcome(now, conn) })
	return nil
}

func (c *Core) welcome(now time.Time, conn *connection) {
	c.sendJSONNow(conn, wire.FrameWelcome, wire.Welcome{
		Mesh:        c.mesh,
		Member:      conn.device.member,
		Device:      conn.device.id,
		Session:     conn.session,
		Head:        c.head,
		Position:    c.stream(wire.RosterStream(c.mesh)).head,
		LastCounter: conn.device.committed,
		Time:        now.UnixMilli(),
		Lease:       int(c.config.Silence / time.Second),
		Grace:       int(c.config.Grace / time.Second),
		Limits:      wire.Limits{Envelope: wire.MaxEnvelope, Recipients: wire.MaxRecipients, Frame: wire.MaxFrame},
	})
	c.tellAll(conn)
}
