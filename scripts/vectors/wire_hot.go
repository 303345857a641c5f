package main

import (
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// payload is what a frame made by an Append function carries.
func payload(frame []byte) []byte { return frame[wire.FrameHeader:] }

func hotVectors(g *group) {
	stream := wire.InboxStream(wire.MemberID(some("member")))
	member, device := wire.MemberID(some("member")), wire.DeviceID(some("device"))
	position := wire.PositionOf(7, 5)

	send := payload(wire.AppendSend(nil, wire.Send{After: 41, Envelope: []byte("envelope")}))
	g.hot("send", send, outNumber("after", 41), outText("envelope", "envelope"))
	g.refuse(wire.CodeMalformed, "send_cut", "9", "send", "cut inside after", in("payload", send[:7]))

	cursor := payload(wire.AppendCursor(nil, wire.Cursor{Stream: stream, Position: position}))
	g.hot("cursor", cursor, outNumber("kind", 2), out("id", stream.ID[:]), outNumber("position", uint64(position)))
	g.cutAndLong("cursor", cursor)
	g.streams("cursor", cursor, 0)
	g.positions("cursor", cursor, wire.StreamSize)

	deliver := payload(wire.AppendDeliver(nil, wire.Deliver{Stream: stream, Position: position, Previous: position - 1, Time: 1767225600123, Sender: device, Envelope: []byte("envelope")}))
	g.hot("deliver", deliver, outNumber("kind", 2), out("id", stream.ID[:]), outNumber("position", uint64(position)), outNumber("previous", uint64(position-1)),
		outNumber("time", 1767225600123), out("sender", device[:]), outText("envelope", "envelope"))
	g.refuse(wire.CodeMalformed, "deliver_cut", "9", "deliver", "cut inside the sending device", in("payload", deliver[:wire.StreamSize+24+31]))
	g.streams("deliver", deliver, 0)
	g.positions("deliver", deliver, wire.StreamSize)
	g.positions("deliver_previous", deliver, wire.StreamSize+8)

	accepted := payload(wire.AppendAccepted(nil, wire.Accepted{Counter: 42, Time: 1767225600123, Placed: []wire.Placed{{Recipient: member, Position: position}, {Recipient: some("other")}}}))
	other := some("other")
	g.hot("accepted", accepted, outNumber("counter", 42), outNumber("time", 1767225600123), out("recipients", join(member[:], other[:])),
		out("positions", join(wire.AppendU64(nil, uint64(position)), wire.AppendU64(nil, 0))))
	none := payload(wire.AppendAccepted(nil, wire.Accepted{Counter: 42, Time: 1767225600123}))
	g.vector("accepted_repeat", "9", "accepted", "a repeat may name no recipient", "ok", append([]vectors.Field{in("payload", none)}, outNumber("counter", 42), outNumber("time", 1767225600123), out("recipients", nil), out("positions", nil)))
	g.cutAndLong("accepted", accepted)
	g.refuse(wire.CodeMalformed, "accepted_count", "9", "accepted", "the count is one more than what follows", in("payload", with(accepted, 17, 3)))
	many := make([]wire.Placed, wire.MaxRecipients+1)
	for i := range many {
		many[i].Recipient[0] = byte(i)
	}
	g.refuse(wire.CodeMalformed, "accepted_many", "9", "accepted", "65 recipients", in("payload", payload(wire.AppendAccepted(nil, wire.Accepted{Counter: 1, Placed: many}))))
	g.positions("accepted", accepted, 18+wire.IDSize)

	delivered := payload(wire.AppendDelivered(nil, wire.Delivered{Counter: 42, Member: member, Device: device, Time: 1767225600123}))
	g.hot("delivered", delivered, outNumber("counter", 42), out("member", member[:]), out("device", device[:]), outNumber("time", 1767225600123))
	g.cutAndLong("delivered", delivered)

	statement := payload(wire.AppendStatement(nil, wire.Statement{Position: position, Previous: position - 1, Time: 1767225600123, Bytes: []byte("statement")}))
	g.hot("statement", statement, outNumber("position", uint64(position)), outNumber("previous", uint64(position-1)), outNumber("time", 1767225600123), outText("statement", "statement"))
	g.refuse(wire.CodeMalformed, "statement_cut", "9", "statement", "cut inside the time", in("payload", statement[:23]))
	g.positions("statement", statement, 0)

	resume := payload(wire.AppendResume(nil, 42))
	g.hot("resume", resume, outNumber("last", 42))
	g.cutAndLong("resume", resume)

	const bye = "bye"
	session := some("session")
	g.add("bye", "9", bye, "the connection with all its sessions, which zeros stand for here", in("payload", nil), out("session", make([]byte, wire.ShortIDSize)))
	g.add("bye_session", "9", bye, "one session for which the connection speaks", in("payload", session[:16]), out("session", session[:16]))
	g.cutAndLong(bye, session[:16])
	g.refuse(wire.CodeMalformed, "bye_zero", "10", bye, "a session id of zeros", in("payload", make([]byte, wire.ShortIDSize)))
}

func (g *group) hot(do string, payload []byte, fields ...vectors.Field) {
	g.add(do, "9", do, "every field of the frame", append([]vectors.Field{in("payload", payload)}, fields...)...)
}

func (g *group) cutAndLong(do string, payload []byte) {
	g.refuse(wire.CodeMalformed, do+"_cut", "9", do, "one byte is missing", in("payload", payload[:len(payload)-1]))
	g.refuse(wire.CodeMalformed, do+"_long", "9", do, "one byte too many", in("payload", join(payload, []byte{0})))
}

func (g *group) streams(do string, payload []byte, at int) {
	g.refuse(wire.CodeMalformed, do+"_stream_0", "8", do, "a stream of kind 0", in("payload", with(payload, at, 0)))
	g.refuse(wire.CodeMalformed, do+"_stream_4", "8", do, "a stream of kind 4", in("payload", with(payload, at, 4)))
}

// positions has the name's first word as operation.
func (g *group) positions(name string, payload []byte, at int) {
	do := name
	for i, c := range name {
		if c == '_' {
			do = name[:i]
		}
	}
	g.refuse(wire.CodeMalformed, name+"_position_2_53", "8", do, "a position of 2^53", in("payload", with(with(payload, at+1, 0x20), at, 0)))
}
