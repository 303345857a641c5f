package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// forwarderDialect speaks to a forwarder. It has no subscriptions: who is connected receives.
type forwarderDialect struct{}

// selfNumber is the number of a message to oneself, in place of a ping.
const selfNumber = 1<<32 - 1

func (forwarderDialect) prepare(_ context.Context, server *process, p plan) (fleet, error) {
	if p.stored {
		return nil, errors.New("the forwarder stores nothing")
	}
	f := make(fleet, p.peers)
	for i := range f {
		payload := newPayload(p, i)
		self := &peer{
			index:  i,
			listen: func() []byte { return forwarded(nil, i, payload.of(selfNumber)) },
			ping:   forwarded(nil, i, payload.of(selfNumber)),
			parse:  parsePayload,
		}
		self.ping = append([]byte(nil), self.ping...)
		self.dial = func(ctx context.Context) (*socket, error) {
			return dialSocket(ctx, server.address, fmt.Sprintf("/?peer=%d", i), "")
		}
		self.source.framed = true
		for number, to := range p.sendsOf(i) {
			out := &self.source.outgoing
			message := payload.of(number)
			out.bytes = appendHeader(out.bytes, opBinary, 4+len(message))
			out.bytes = forwarded(out.bytes, to, message)
			out.end()
		}
		f[i] = self
	}
	return f, nil
}

func forwarded(b []byte, to int, payload []byte) []byte {
	address := uint32(to)
	if to == everyone {
		address = toAll
	}
	return append(binary.BigEndian.AppendUint32(b, address), payload...)
}

// payload is what a system carries that does not read it: the sender, the number and random filling, as many bytes as the relay
// carries of the same plan.
type payload []byte

func newPayload(p plan, from int) payload {
	b := make(payload, p.sealedSize())
	fill(b)
	binary.BigEndian.PutUint32(b, uint32(from))
	return b
}

// of is the message of a number; its bytes are good until the next call.
func (b payload) of(number int) []byte {
	binary.BigEndian.PutUint32(b[4:], uint32(number))
	return b
}

var errPayload = errors.New("what arrived is too short")

func parsePayload(message []byte, s *seen) error {
	if len(message) < 8 {
		return errPayload
	}
	a := arrival{int(binary.BigEndian.Uint32(message)), int(binary.BigEndian.Uint32(message[4:]))}
	if a.number == selfNumber {
		s.pong = true
	} else {
		s.arrived = append(s.arrived, a)
	}
	return nil
}
