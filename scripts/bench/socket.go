package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// socket is the client's end of a WebSocket, as cheap as it can be, so that the generator leaves the machine to the server.
// Frames are masked with zeros: a server unmasks them like any others, and they can be made beforehand.
//
// One goroutine may read; any may write.
type socket struct {
	conn    net.Conn
	in      *bufio.Reader
	message []byte // what read gave last

	mu  sync.Mutex
	out []byte
}

const (
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// dialSocket opens a WebSocket; the context bounds the handshake alone.
func dialSocket(ctx context.Context, address, path, subprotocol string) (*socket, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}
	if err := s.upgrade(address, path, subprotocol); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("opening a WebSocket: %w", err)
	}
	return s, nil
}

func (s *socket) upgrade(address, path, subprotocol string) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Sec-WebSocket-Version", "13")
	request.Header.Set("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg==")
	if subprotocol != "" {
		request.Header.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	if err := request.Write(s.conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(s.in, request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("the server answered %s: %s", response.Status, body)
	}
	return nil
}

// appendHeader appends the header of a whole WebSocket message of n bytes from a client.
func appendHeader(b []byte, op byte, n int) []byte {
	b = append(b, 0x80|op)
	switch {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = append(b, 0x80|126, byte(n>>8), byte(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(b, 0, 0, 0, 0)
}

// write sends one binary message.
func (s *socket) write(message []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = append(appendHeader(s.out[:0], opBinary, len(message)), message...)
	_, err := s.conn.Write(s.out)
	return err
}

// writeFramed sends messages that have their headers.
func (s *socket) writeFramed(messages []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.conn.Write(messages)
	return err
}

// read gives the next message; its bytes are good until the next read.
func (s *socket) read() ([]byte, error) {
	s.message = s.message[:0]
	for {
		op, last, err := s.frame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opPing, opPong: // of no use to a client that is never quiet for long
		case opClose:
			return nil, closed(s.message)
		default:
			if last {
				return s.message, nil
			}
		}
	}
}

var errControl = errors.New("the server sent a control frame that is too long")

// frame reads one frame; data and what a close says go to s.message.
func (s *socket) frame() (op byte, last bool, err error) {
	var head [2]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return 0, false, err
	}
	op, last = head[0]&0x0f, head[0]&0x80 != 0
	n := uint64(head[1] & 0x7f)
	var long [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(s.in, long[6:])
		n = binary.BigEndian.Uint64(long[:])
	case 127:
		_, err = io.ReadFull(s.in, long[:])
		n = binary.BigEndian.Uint64(long[:])
	}
	if err != nil {
		return 0, false, err
	}
	const most = 64 << 20
	if n > most {
		return 0, false, fmt.Errorf("the server sent a frame of %d bytes", n)
	}
	if op == opPing || op == opPong {
		if n > 125 {
			return 0, false, errControl
		}
		_, err = s.in.Discard(int(n))
		return op, last, err
	}
	if op == opClose {
		s.message = s.message[:0]
	}
	from := len(s.message)
	s.message = append(s.message, make([]byte, n)...)
	_, err = io.ReadFull(s.in, s.message[from:])
	return op, last, err
}

func closed(why []byte) error {
	if len(why) < 2 {
		return errors.New("the server closed the connection")
	}
	return fmt.Errorf("the server closed the connection with %d %s", binary.BigEndian.Uint16(why), why[2:])
}

// buffered reports whether more was received than was read.
func (s *socket) buffered() bool { return s.in.Buffered() > 0 }

// interrupt ends what reads and writes; the connection stays open and is of no use any more.
func (s *socket) interrupt() { _ = s.conn.SetDeadline(time.Unix(1, 0)) }

func (s *socket) close() { _ = s.conn.Close() }
