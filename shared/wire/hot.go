package wire

// Hot frames of docs/PROTOCOL.md, section 9: fixed layouts, appended to the caller's buffer and parsed in place.

// Send is `after u64 ‖ envelope`; Envelope aliases the payload.
type Send struct {
	After    uint64
	Envelope []byte
}

// AppendSend appends a send frame.
func AppendSend(b []byte, s Send) []byte {
	start := len(b)
	b = AppendU64(BeginFrame(b, FrameSend), s.After)
	return EndFrame(append(b, s.Envelope...), start)
}

// ParseSend reads a send frame's payload; the envelope is not looked at.
func ParseSend(payload []byte) (Send, error) {
	r := NewReader(payload)
	s := Send{After: r.U64()}
	s.Envelope = r.Take(r.Left())
	return s, r.Done("a send frame")
}

// Cursor is `stream 33 ‖ position u64`.
type Cursor struct {
	Stream   Stream
	Position Position
}

// AppendCursor appends a cursor frame.
func AppendCursor(b []byte, c Cursor) []byte { return appendPlace(b, FrameCursor, c) }

// AppendLive appends a live frame: the reader stands at the head.
func AppendLive(b []byte, c Cursor) []byte { return appendPlace(b, FrameLive, c) }

func appendPlace(b []byte, t FrameType, c Cursor) []byte {
	start := len(b)
	b = AppendStream(BeginFrame(b, t), c.Stream)
	return EndFrame(AppendU64(b, uint64(c.Position)), start)
}

// ParseCursor reads the payload of a cursor or live frame.
func ParseCursor(payload []byte) (Cursor, error) {
	r := NewReader(payload)
	c := Cursor{ReadStream(&r), ReadPosition(&r)}
	return c, r.Done("a cursor")
}

// Deliver is `stream 33 ‖ position u64 ‖ previous u64 ‖ time u64 ‖ sending device 32 ‖ envelope`. Time is the relay's, in
// milliseconds since 1970. Envelope aliases the payload.
type Deliver struct {
	Stream             Stream
	Position, Previous Position
	Time               uint64
	Sender             DeviceID
	Envelope           []byte
}

// AppendDeliverHead appends a deliver frame up to the envelope; the caller appends the envelope and calls EndFrame.
func AppendDeliverHead(b []byte, d Deliver) []byte {
	b = AppendStream(BeginFrame(b, FrameDeliver), d.Stream)
	b = AppendU64(b, uint64(d.Position))
	b = AppendU64(b, uint64(d.Previous))
	b = AppendU64(b, d.Time)
	return append(b, d.Sender[:]...)
}

// AppendDeliver appends a deliver frame.
func AppendDeliver(b []byte, d Deliver) []byte {
	start := len(b)
	return EndFrame(append(AppendDeliverHead(b, d), d.Envelope...), start)
}

// ParseDeliver reads a deliver frame's payload; the envelope is not looked at.
func ParseDeliver(payload []byte) (Deliver, error) {
	r := NewReader(payload)
	d := Deliver{Stream: ReadStream(&r), Position: ReadPosition(&r), Previous: ReadPosition(&r), Time: r.U64()}
	r.Fill(d.Sender[:])
	d.Envelope = r.Take(r.Left())
	return d, r.Done("a deliver frame")
}

// Placed is where a recipient's stream, or the topic, holds an accepted envelope; position 0: unknown.
type Placed struct {
	Recipient [IDSize]byte
	Position  Position
}

// Accepted is `counter u64 ‖ time u64 ‖ count u16 ‖ count × (recipient 32 ‖ position u64)`.
type Accepted struct {
	Counter uint64
	Time    uint64
	Placed  []Placed
}

// AppendAccepted appends an accepted frame.
func AppendAccepted(b []byte, a Accepted) []byte {
	start := len(b)
	b = AppendU64(BeginFrame(b, FrameAccepted), a.Counter)
	b = AppendU64(b, a.Time)
	b = AppendU16(b, uint16(len(a.Placed)))
	for i := range a.Placed {
		b = append(b, a.Placed[i].Recipient[:]...)
		b = AppendU64(b, uint64(a.Placed[i].Position))
	}
	return EndFrame(b, start)
}

// ParseAccepted reads an accepted frame's payload; places go into placed's room where it suffices.
func ParseAccepted(payload []byte, placed []Placed) (Accepted, error) {
	r := NewReader(payload)
	a := Accepted{Counter: r.U64(), Time: r.U64(), Placed: placed[:0]}
	n := int(r.U16())
	if n > MaxRecipients {
		r.Fail()
	}
	for range n {
		if r.Failed() {
			break
		}
		var p Placed
		r.Fill(p.Recipient[:])
		p.Position = ReadPosition(&r)
		a.Placed = append(a.Placed, p)
	}
	return a, r.Done("an accepted frame")
}

// Delivered is `counter u64 ‖ member 32 ‖ device 32 ‖ time u64`: that device of that member stored the message.
type Delivered struct {
	Counter uint64
	Member  MemberID
	Device  DeviceID
	Time    uint64
}

// AppendDelivered appends a delivered frame.
func AppendDelivered(b []byte, d Delivered) []byte {
	start := len(b)
	b = AppendU64(BeginFrame(b, FrameDelivered), d.Counter)
	b = append(append(b, d.Member[:]...), d.Device[:]...)
	return EndFrame(AppendU64(b, d.Time), start)
}

// ParseDelivered reads a delivered frame's payload.
func ParseDelivered(payload []byte) (Delivered, error) {
	r := NewReader(payload)
	d := Delivered{Counter: r.U64()}
	r.Fill(d.Member[:])
	r.Fill(d.Device[:])
	d.Time = r.U64()
	return d, r.Done("a delivered frame")
}

// Statement is `position u64 ‖ previous u64 ‖ time u64 ‖ statement`: one entry of the roster; Bytes alias the payload.
type Statement struct {
	Position, Previous Position
	Time               uint64
	Bytes              []byte
}

// AppendStatement appends a statement frame.
func AppendStatement(b []byte, s Statement) []byte {
	start := len(b)
	b = AppendU64(BeginFrame(b, FrameStatement), uint64(s.Position))
	b = AppendU64(b, uint64(s.Previous))
	b = AppendU64(b, s.Time)
	return EndFrame(append(b, s.Bytes...), start)
}

// ParseStatement reads a statement frame's payload; the statement is not looked at.
func ParseStatement(payload []byte) (Statement, error) {
	r := NewReader(payload)
	s := Statement{Position: ReadPosition(&r), Previous: ReadPosition(&r), Time: r.U64()}
	s.Bytes = r.Take(r.Left())
	return s, r.Done("a statement frame")
}

// AppendResume appends a resume frame: the last counter that the relay accepted.
func AppendResume(b []byte, last uint64) []byte {
	return AppendU64(append(b, byte(FrameResume), 0, 0, 0, 8), last)
}

// ParseResume reads a resume frame's payload.
func ParseResume(payload []byte) (last uint64, err error) {
	r := NewReader(payload)
	last = r.U64()
	return last, r.Done("a resume frame")
}

// AppendBye appends a bye frame: of one session that the connection speaks for, or, where session is zero, of the connection
// with all its sessions.
func AppendBye(b []byte, session SessionID) []byte {
	if session.IsZero() {
		return BeginFrame(b, FrameBye)
	}
	return append(append(b, byte(FrameBye), 0, 0, 0, ShortIDSize), session[:]...)
}

// ParseBye reads a bye frame's payload; zero means the connection with all its sessions. CodeMalformed: it is neither empty nor
// one session id, or that id is zero.
func ParseBye(payload []byte) (session SessionID, err error) {
	if len(payload) == 0 {
		return SessionID{}, nil
	}
	if len(payload) != ShortIDSize {
		return SessionID{}, errBye
	}
	copy(session[:], payload)
	if session.IsZero() {
		return SessionID{}, errZeroSession
	}
	return session, nil
}

var (
	errBye         = Errorf(CodeMalformed, "a bye is empty or names one session, in %d bytes", ShortIDSize)
	errZeroSession = Errorf(CodeMalformed, "a session id is not zero")
)

// PingSize is the size in bytes of what a ping carries and a pong returns.
const PingSize = 8
