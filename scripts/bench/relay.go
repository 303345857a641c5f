package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/wire"
)

// relayDialect speaks docs/PROTOCOL.md, with real keys and sealed envelopes. A peer is a session of its own.
type relayDialect struct{}

func (relayDialect) prepare(ctx context.Context, server *process, p plan) (fleet, error) {
	meshes, sessions := max(p.meshes, 1), max(p.sessions, 1)
	var f fleet
	for range meshes {
		here := p.peers / meshes
		mesh, devices, err := found(ctx, server, here/sessions)
		if err != nil {
			return nil, err
		}
		numbers := map[wire.DeviceID]int{}
		for i, d := range devices {
			numbers[d.ID] = i
		}
		for i := range here {
			session := &relaySession{
				server: server.node(len(f), p.peers), mesh: mesh, device: devices[i/sessions], id: wire.SessionID(protocoltest.Random(wire.ShortIDSize)),
				numbers: numbers, cursors: p.cursors,
			}
			self := &peer{
				index: len(f), dial: session.dial, listen: session.listen, parse: session.parse,
				ping: wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)),
			}
			f = append(f, self)
		}
		if err := sealAll(f, p, mesh.ID, devices); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// sealAll makes what the peers of one mesh send.
func sealAll(f fleet, p plan, mesh wire.MeshID, devices []*protocoltest.Device) error {
	for i, sends := range p.sends {
		s, err := newSender(mesh, devices[i], p.size)
		if err != nil {
			return err
		}
		out := &f[i].source.outgoing
		for number, to := range sends {
			var envelope []byte
			if to == everyone {
				envelope, err = s.toTopic()
			} else {
				envelope, err = s.direct(devices[to])
			}
			if err != nil {
				return err
			}
			// Counters are the numbers from 1, so each message follows its own number.
			out.bytes = wire.AppendSend(out.bytes, wire.Send{After: uint64(number), Envelope: envelope})
			out.end()
		}
	}
	return nil
}

// relaySession is a session of a device, over one connection.
type relaySession struct {
	server  *process
	mesh    *protocoltest.Mesh
	device  *protocoltest.Device
	id      wire.SessionID
	numbers map[wire.DeviceID]int // the peers' indexes
	cursors bool

	welcome wire.Welcome
}

func (r *relaySession) dial(ctx context.Context) (*socket, error) {
	s, err := dialSocket(ctx, r.server.address, "/ws?mesh="+r.mesh.ID.String(), wire.Subprotocol)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err := r.shakeHands(s); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (r *relaySession) shakeHands(s *socket) error {
	var challenge wire.Challenge
	if err := readJSON(s, wire.FrameChallenge, &challenge); err != nil {
		return err
	}
	hello := wire.Hello{Device: r.device.ID, Session: r.id, Origin: r.server.origin}
	signature, err := r.device.Keys.Sign(context.Background(), wire.HelloBytes(challenge.Nonce, r.mesh.ID, hello))
	if err != nil {
		return err
	}
	hello.Signature = signature
	if err := s.write(wire.AppendJSONFrame(nil, wire.FrameHello, hello)); err != nil {
		return err
	}
	return readJSON(s, wire.FrameWelcome, &r.welcome)
}

// readJSON reads one message, whose first frame must be of the type. What follows in it is of the presence, and passed over.
func readJSON(s *socket, want wire.FrameType, v any) error {
	message, err := s.read()
	if err != nil {
		return err
	}
	frame, _, err := wire.NextFrame(message)
	if err != nil {
		return err
	}
	if frame.Type != want {
		return fmt.Errorf("frame %#x in place of %#x: %s", frame.Type, want, frame.Payload)
	}
	return wire.DecodeJSON(frame.Payload, wire.MaxJSON, v)
}

// listen tails what a peer tails: the roster, of which it knows all, its inbox and #general.
func (r *relaySession) listen() []byte {
	return wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: wire.List[wire.TailItem]{
		wire.NewTailItem(wire.RosterStream(r.mesh.ID), r.welcome.Position),
		wire.NewTailItem(wire.InboxStream(r.device.Member), 0),
		wire.NewTailItem(wire.TopicStream(wire.GeneralTopic(r.mesh.ID)), 0),
	}})
}

var (
	errRefused  = errors.New("the relay refuses")
	errEnvelope = errors.New("the relay delivers what is no envelope")
)

func (r *relaySession) parse(message []byte, s *seen) error {
	var last wire.Cursor
	for len(message) > 0 {
		frame, rest, err := wire.NextFrame(message)
		if err != nil {
			return err
		}
		message = rest
		switch frame.Type {
		case wire.FrameDeliver:
			d, err := wire.ParseDeliver(frame.Payload)
			if err != nil {
				return err
			}
			number, err := numberOf(d.Envelope)
			if err != nil {
				return err
			}
			from, ok := r.numbers[d.Sender]
			if !ok {
				return errEnvelope
			}
			s.arrived = append(s.arrived, arrival{from, number})
			last = wire.Cursor{Stream: d.Stream, Position: d.Position}
		case wire.FrameAccepted:
			s.stored++
		case wire.FramePong:
			s.pong = true
		case wire.FrameRefused, wire.FrameError, wire.FrameClose, wire.FrameResume, wire.FrameGap:
			return fmt.Errorf("%w: frame %#x: %s", errRefused, frame.Type, frame.Payload)
		}
	}
	if r.cursors && last.Position != 0 {
		s.reply = wire.AppendCursor(s.reply, last)
	}
	return nil
}

// numberOf reads an envelope's counter, which is one more than the message's number. A generator that parsed all of it would
// take more of the machine from the relay.
func numberOf(envelope []byte) (int, error) {
	const at = 8 // behind suite, kind, priority, flags and epoch
	if len(envelope) < at+8 {
		return 0, errEnvelope
	}
	return int(binary.BigEndian.Uint64(envelope[at:])) - 1, nil
}
