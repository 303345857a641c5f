package server

import "sync"

// buffers are lent while something waits to be written, so that a connection that is quiet holds none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keepBuffer is the largest buffer in bytes that goes back to a pool.
const keepBuffer = messageSize + 4<<10

func borrow() []byte { return (*buffers.Get().(*[]byte))[:0] }

func giveBack(b []byte) {
	if cap(b) <= keepBuffer {
		buffers.Put(&b)
	}
}

// inputs are lent from when something came until it was read.
var inputs = sync.Pool{New: func() any { return new(input) }}

// input is what one system call reads at most.
type input [16 << 10]byte
