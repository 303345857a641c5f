//go:build unix

package server

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// nonblocking gives a function that writes what the kernel takes at once and never waits. A connection that is no plain
// socket takes nothing, so that all of it goes the other way.
func nonblocking(c net.Conn) func([]byte) (int, error) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return func([]byte) (int, error) { return 0, nil }
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return func([]byte) (int, error) { return 0, err }
	}
	var (
		chunk   []byte
		n       int
		failure error
	)
	// Made once: a closure for each write would be garbage on the hot path. Callers hold the pipe's lock.
	attempt := func(fd uintptr) (done bool) {
		for {
			n, failure = syscall.Write(int(fd), chunk)
			if failure != syscall.EINTR {
				return true
			}
		}
	}
	return func(b []byte) (int, error) {
		chunk = b
		err := raw.Write(attempt)
		chunk = nil
		switch {
		case err != nil:
			return 0, err
		case errors.Is(failure, syscall.EAGAIN):
			return 0, nil
		case failure != nil:
			return 0, failure
		}
		return n, nil
	}
}

// polling gives a function that waits until there is something to read and only then borrows a buffer for it, so that a
// connection that is quiet holds none. Only one goroutine reads at a time.
func polling(c net.Conn) func() (*input, int, error) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return waiting(c)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return waiting(c)
	}
	var (
		buffer  *input
		n       int
		failure error
	)
	attempt := func(fd uintptr) (done bool) {
		buffer = inputs.Get().(*input)
		for {
			n, failure = syscall.Read(int(fd), buffer[:])
			if failure != syscall.EINTR {
				break
			}
		}
		if failure == nil && n > 0 {
			return true
		}
		inputs.Put(buffer)
		buffer = nil
		return !errors.Is(failure, syscall.EAGAIN)
	}
	return func() (*input, int, error) {
		err := raw.Read(attempt)
		lent := buffer
		buffer = nil
		switch {
		case err != nil:
			return nil, 0, err
		case failure != nil:
			return nil, 0, failure
		case lent == nil:
			return nil, 0, io.EOF
		}
		return lent, n, nil
	}
}
