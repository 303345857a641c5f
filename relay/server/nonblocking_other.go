//go:build !unix

package server

import "net"

// nonblocking gives a function that takes nothing: here every write goes the waiting way.
func nonblocking(net.Conn) func([]byte) (int, error) {
	return func([]byte) (int, error) { return 0, nil }
}

// polling holds a buffer while it waits.
func polling(c net.Conn) func() (*input, int, error) { return waiting(c) }
