package server

import "sync"

// buffers are lent while something waits to be written, so that a connection that is quiet holds none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// heads are where buffers keep their slices, while the buffer is lent: made anew, each would be an allocation.
var heads = sync.Pool{New: func() any { return new([]byte) }}

// keepBuffer is the largest buffer in bytes that goes back to a pool.
const keepBuffer = messageSize + 4<<10

func borrow() []byte {
	head := buffers.Get().(*[]byte)
	b := (*head)[:0]
	*head = nil
	heads.Put(head)
	return b
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
