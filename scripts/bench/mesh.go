package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
)

// setup lets the helpers of protocoltest, which are made for tests, found meshes here. A failure ends try.
type setup struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex
	cleanups []func()
	failure  error
}

func (s *setup) Helper()                  {}
func (s *setup) Context() context.Context { return s.ctx }

func (s *setup) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

func (s *setup) Errorf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = fmt.Errorf(format, args...)
}

func (s *setup) Fatal(args ...any) {
	s.Errorf("%s", fmt.Sprint(args...))
	runtime.Goexit()
}

func (s *setup) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// try does something with the helpers of protocoltest and tells why it failed.
func try(ctx context.Context, do func(testing.TB)) error {
	s := &setup{ctx: ctx}
	var done sync.WaitGroup
	done.Go(func() { do(s) })
	done.Wait()
	for _, f := range s.cleanups {
		f()
	}
	return s.failure
}

// found makes a mesh of so many members, each with one device, on a relay. The first is its owner.
func found(ctx context.Context, server *process, members int) (*protocoltest.Mesh, []*protocoltest.Device, error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	target := protocoltest.Target{URL: "http://" + server.address, Origin: server.origin, HTTP: &http.Client{Transport: transport}}
	var m *protocoltest.Mesh
	var devices []*protocoltest.Device
	err := try(ctx, func(t testing.TB) {
		m = protocoltest.Found(t, target)
		devices = append(devices, m.Owner)
		if members == 1 {
			return
		}
		owner := m.Connect(t, m.Owner)
		invite := m.NewInvite(t, uint16(members), protocoltest.NextHour()).Issue(t, owner)
		owner.HangUp()
		for len(devices) < members {
			d := protocoltest.NewDevice(t)
			invite.Claimed(t, d, invite.Join(d))
			devices = append(devices, d)
		}
	})
	return m, devices, err
}
