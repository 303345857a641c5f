package simulation

import (
	"fmt"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// frameNames are the frames as stories name them.
var frameNames = map[wire.FrameType]string{
	wire.FrameHello: "hello", wire.FrameSend: "send", wire.FrameCursor: "cursor", wire.FrameTail: "tail", wire.FrameAppend: "append",
	wire.FrameCard: "card", wire.FrameTrack: "track", wire.FramePing: "ping", wire.FrameBye: "bye",
	wire.FrameChallenge: "challenge", wire.FrameWelcome: "welcome", wire.FrameDeliver: "deliver", wire.FrameAccepted: "accepted",
	wire.FrameRefused: "refused", wire.FrameDelivered: "delivered", wire.FrameLive: "live", wire.FrameGap: "gap",
	wire.FrameReply: "reply", wire.FramePresence: "presence", wire.FrameError: "error", wire.FrameResume: "resume",
	wire.FrameClose: "close", wire.FrameStatement: "statement", wire.FramePong: "pong",
}

// count notes what came about: worlds in which nothing goes wrong prove nothing.
func (w *world) count(message []byte) {
	for len(message) > 0 {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			return
		}
		message = rest
		name := frameNames[f.Type]
		var refused wire.Refused
		var reply wire.Reply
		switch {
		case f.Type == wire.FrameRefused && wire.DecodeJSON(f.Payload, wire.MaxJSON, &refused) == nil:
			name += " " + string(refused.Code)
		case f.Type == wire.FrameReply && wire.DecodeJSON(f.Payload, wire.MaxJSON, &reply) == nil && reply.Error != nil:
			name += " " + string(reply.Error.Code)
		}
		w.came[name]++
	}
}

// heard notes of which gaps a peer was told.
func (o *oracle) heard(p *peerNode, message []byte) {
	for len(message) > 0 && o.w.life.keep > 0 {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			return
		}
		message = rest
		var gap wire.Gap
		if f.Type == wire.FrameGap && wire.DecodeJSON(f.Payload, wire.MaxJSON, &gap) == nil {
			o.witness(p).told[wire.Stream{Kind: gap.Kind, ID: gap.ID}] = true
		}
	}
}

func (w *world) countSent(message []byte) {
	for len(message) > 0 && w.sent != nil {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			return
		}
		message = rest
		w.sent[f.Type]++
	}
}

// describe tells a message's frames in one line.
func (w *world) describe(message []byte) string {
	var parts []string
	for len(message) > 0 {
		f, rest, err := wire.NextFrame(message)
		if err != nil {
			return "frames that do not parse"
		}
		message = rest
		parts = append(parts, strings.TrimSpace(frameNames[f.Type]+" "+w.detail(f)))
	}
	return strings.Join(parts, ", ")
}

// detail is what of a frame matters for its order and fate.
func (w *world) detail(f wire.Frame) string {
	switch f.Type {
	case wire.FrameSend:
		s, _ := wire.ParseSend(f.Payload)
		e, _ := wire.ParseEnvelope(s.Envelope)
		return fmt.Sprintf("%d after %d", e.Counter, s.After)
	case wire.FrameAccepted:
		a, _ := wire.ParseAccepted(f.Payload, nil)
		text := fmt.Sprint(a.Counter)
		for _, p := range a.Placed {
			text += fmt.Sprintf(" %s:%s", w.nameOf(p.Recipient), place(p.Position))
		}
		return text
	case wire.FrameDelivered:
		d, _ := wire.ParseDelivered(f.Payload)
		return fmt.Sprintf("%d to %s", d.Counter, w.nameOf(d.Member))
	case wire.FrameCursor, wire.FrameLive:
		c, _ := wire.ParseCursor(f.Payload)
		return w.streamOf(c.Stream) + ":" + place(c.Position)
	case wire.FrameDeliver:
		d, _ := wire.ParseDeliver(f.Payload)
		e, _ := wire.ParseEnvelope(d.Envelope)
		return fmt.Sprintf("%s:%s (%d of %s)", w.streamOf(d.Stream), place(d.Position), e.Counter, w.deviceOf(d.Sender))
	case wire.FrameStatement:
		s, _ := wire.ParseStatement(f.Payload)
		return place(s.Position)
	case wire.FrameResume:
		last, _ := wire.ParseResume(f.Payload)
		return fmt.Sprint(last)
	case wire.FrameRefused, wire.FrameReply, wire.FrameError, wire.FrameClose, wire.FrameTrack:
		return string(f.Payload)
	case wire.FrameTail:
		var tail wire.Tail
		_ = wire.DecodeJSON(f.Payload, wire.MaxJSON, &tail)
		var parts []string
		for _, item := range tail.Streams {
			parts = append(parts, w.streamOf(item.Stream())+":"+place(item.After))
		}
		return strings.Join(parts, " ")
	}
	return ""
}

// place shows a position as generation and number.
func place(p wire.Position) string {
	return fmt.Sprintf("%d.%d", p.Generation()%1000, uint64(p)&(1<<28-1))
}

func (w *world) streamOf(s wire.Stream) string {
	if s.Kind == wire.StreamInbox {
		return "inbox of " + w.nameOf(s.ID)
	}
	return s.Kind.String()
}

func (w *world) nameOf(id [wire.IDSize]byte) string {
	for _, p := range w.peers {
		if p.member == id {
			return p.name
		}
	}
	return fmt.Sprintf("%x", id[:2])
}

func (w *world) deviceOf(id wire.DeviceID) string {
	for _, p := range w.peers {
		if p.device.Public.DeviceID() == id {
			return p.name
		}
	}
	return fmt.Sprintf("%x", id[:2])
}
