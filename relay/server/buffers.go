package server

import (
	"net"
	"sync"

	"claudemesh.com/mesh/relay/websocket"
)

// buffers are lent while something waits to be written, so that a connection that is quiet holds none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// heads are where buffers keep their slices, while the buffer is lent: made anew, each would be an allocation.
var heads = sync.Pool{New: func() any { return new([]byte) }}

// keepBuffer is the largest buffer in bytes that goes back to a pool.
const keepBuffer = messageSize + 4<<10

// borrow gives a buffer with room for the head of a WebSocket message.
func borrow() []byte {
	head := buffers.Get().(*[]byte)
	b := *head
	*head = nil
	heads.Put(head)
	if cap(b) < websocket.MaxHead {
		b = make([]byte, websocket.MaxHead, 4<<10)
	}
	return b[:websocket.MaxHead]
}

func giveBack(b []byte) {
	if cap(b) <= keepBuffer {
		head := heads.Get().(*[]byte)
		*head = b
		buffers.Put(head)
	}
}

// inputs are lent from when something came until it was read.
var inputs = sync.Pool{New: func() any { return new(input) }}

// input is what one system call reads at most.
type input [16 << 10]byte

// waiting is polling for a connection that has to be given a buffer before it waits.
func waiting(c net.Conn) func() (*input, int, error) {
	return func() (*input, int, error) {
		lent := inputs.Get().(*input)
		n, err := c.Read(lent[:])
		if n == 0 {
			inputs.Put(lent)
			return nil, 0, err
		}
		return lent, n, nil
	}
}
