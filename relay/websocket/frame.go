package websocket

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// Op says what a frame is.
type Op byte

// The kinds of frames.
const (
	OpContinuation Op = 0
	OpText         Op = 1
	OpBinary       Op = 2
	OpClose        Op = 8
	OpPing         Op = 9
	OpPong         Op = 10
)

// Status is why a WebSocket was closed. What it may be beside these: RFC 6455, section 7.4.
type Status uint16

// The codes that the relay says by itself.
const (
	StatusNormal        Status = 1000
	StatusProtocolError Status = 1002
)

const (
	// MaxControl is how many bytes a control frame holds at most.
	MaxControl = 125
	// MaxHead is the size in bytes of the largest head of a frame that goes to a client.
	MaxHead = 10
)

const final, masked = 0x80, 0x80

// PutHead writes the head of a whole message of n bytes to the end of the first MaxHead bytes of b, and gives where it begins
// there. So frames are gathered behind that room and leave without being copied once more.
func PutHead(b []byte, op Op, n int) (start int) {
	switch {
	case n <= MaxControl:
		start = MaxHead - 2
		b[start+1] = byte(n)
	case n < 1<<16:
		start = MaxHead - 4
		b[start+1] = 126
		binary.BigEndian.PutUint16(b[start+2:], uint16(n))
	default:
		start = 0
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[start] = final | byte(op)
	return start
}

// AppendControl appends a control frame. A payload above MaxControl is cut short.
func AppendControl(b []byte, op Op, payload []byte) []byte {
	payload = payload[:min(len(payload), MaxControl)]
	b = append(b, final|byte(op), byte(len(payload)))
	return append(b, payload...)
}

// AppendClose appends a close frame. A reason is ASCII and is cut short where it is too long.
func AppendClose(b []byte, status Status, reason string) []byte {
	payload := binary.BigEndian.AppendUint16(make([]byte, 0, MaxControl), uint16(status))
	return AppendControl(b, OpClose, append(payload, reason...))
}

// ErrProtocol is what a Reader gives when a client breaks the rules: the connection is to be closed with StatusProtocolError.
var ErrProtocol = errors.New("the client breaks the rules of WebSockets")

// CheckClose tells whether the payload of a close frame is as it may be: empty, or a status and a reason in UTF-8.
func CheckClose(payload []byte) error {
	if len(payload) == 0 {
		return nil
	}
	if len(payload) < 2 || !utf8.Valid(payload[2:]) {
		return ErrProtocol
	}
	switch status := binary.BigEndian.Uint16(payload); {
	case status >= 3000 && status <= 4999:
	case status < 1000, status > 1014, status == 1004, status == 1005, status == 1006:
		return ErrProtocol
	}
	return nil
}
