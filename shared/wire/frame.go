package wire

// FrameType is the first byte of a frame (docs/PROTOCOL.md, section 9).
type FrameType uint8

// The frames. Those of 0x80 and above come from the relay.
const (
	FrameHello     FrameType = 0x01
	FrameSend      FrameType = 0x02
	FrameCursor    FrameType = 0x03
	FrameTail      FrameType = 0x04
	FrameAppend    FrameType = 0x05
	FrameCard      FrameType = 0x06
	FrameTrack     FrameType = 0x07
	FramePing      FrameType = 0x08
	FrameBye       FrameType = 0x09
	FrameChallenge FrameType = 0x81
	FrameWelcome   FrameType = 0x82
	FrameDeliver   FrameType = 0x83
	FrameAccepted  FrameType = 0x84
	FrameRefused   FrameType = 0x85
	FrameDelivered FrameType = 0x86
	FrameLive      FrameType = 0x87
	FrameGap       FrameType = 0x88
	FrameReply     FrameType = 0x89
	FramePresence  FrameType = 0x8A
	FrameError     FrameType = 0x8B
	FrameResume    FrameType = 0x8C
	FrameClose     FrameType = 0x8D
	FrameStatement FrameType = 0x8E
	FramePong      FrameType = 0x8F
)

// FrameHeader is the size in bytes of type and length before a payload.
const FrameHeader = 5

// Frame is one frame of a WebSocket message; the payload aliases the message.
type Frame struct {
	Type    FrameType
	Payload []byte
}

// NextFrame takes the first frame off a WebSocket message. It checks the length before it looks at the payload.
func NextFrame(message []byte) (f Frame, rest []byte, err error) {
	r := NewReader(message)
	f.Type = FrameType(r.U8())
	n := r.U32()
	if r.Failed() {
		return Frame{}, nil, Errorf(CodeMalformed, "a frame is cut short")
	}
	if n > MaxFrame {
		return Frame{}, nil, Errorf(CodeTooLarge, "a frame holds at most %d bytes, this one says %d", MaxFrame, n)
	}
	f.Payload = r.Take(int(n))
	if r.Failed() {
		return Frame{}, nil, Errorf(CodeMalformed, "a frame is cut short")
	}
	return f, r.rest, nil
}

// AppendFrame appends a frame with a ready payload.
func AppendFrame(b []byte, t FrameType, payload []byte) []byte {
	return AppendBytes32(append(b, byte(t)), payload)
}

// BeginFrame appends a frame's header with an empty length; EndFrame fills it in. start is what len(b) was before.
func BeginFrame(b []byte, t FrameType) []byte { return append(b, byte(t), 0, 0, 0, 0) }

// EndFrame writes the length of the frame that began at start.
func EndFrame(b []byte, start int) []byte {
	n := len(b) - start - FrameHeader
	b[start+1], b[start+2], b[start+3], b[start+4] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return b
}

// AppendJSONFrame appends a frame whose payload is v as JSON. It panics where v cannot be encoded, which no frame type can.
func AppendJSONFrame(b []byte, t FrameType, v any) []byte {
	start := len(b)
	b, err := AppendJSON(BeginFrame(b, t), v)
	if err != nil {
		panic(err)
	}
	return EndFrame(b, start)
}
