package server_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// status is the status of a GET.
func (r *relay) status(t *testing.T, path string) int {
	t.Helper()
	response, err := r.HTTP.Get(r.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// gated is a store whose commits can be made to wait.
type gated struct {
	store.Store
	closed atomic.Bool
	begun  chan struct{} // told of each commit that waits
	gate   chan struct{}
}

func newGated(s store.Store) *gated {
	return &gated{Store: s, begun: make(chan struct{}, 16), gate: make(chan struct{})}
}

func (g *gated) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	if g.closed.Load() {
		g.begun <- struct{}{}
		<-g.gate
	}
	return g.Store.Commit(ctx, batches)
}

func TestDrainFinishesWhatItTook(t *testing.T) {
	kept := memory.New(time.Now())
	s := newGated(kept)
	r := start(t, s, nil)
	m := protocoltest.Found(t, r.Target)
	sender := m.Connect(t, m.Owner)
	waiting := m.Dial(t) // has not said hello

	s.closed.Store(true)
	sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	<-s.begun
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.stop(t)
	}()
	for r.status(t, "/readyz") != http.StatusServiceUnavailable {
	}
	if got := r.status(t, "/livez"); got != http.StatusOK {
		t.Errorf("/livez answers %d while the relay drains", got)
	}
	close(s.gate)

	sender.Accepted(1)
	for _, c := range []*protocoltest.Client{sender, waiting} {
		if bye := c.Closes(wire.CodeDraining); bye.RetryAfter < 500 || bye.RetryAfter > 5000 {
			t.Errorf("told to come back after %d ms", bye.RetryAfter)
		}
	}
	<-stopped

	r = start(t, kept.Reopen(time.Now()), nil)
	m.Target = r.Target
	if c := m.Connect(t, m.Owner); c.Welcome.LastCounter != 1 {
		t.Errorf("after the restart the last counter is %d, want 1", c.Welcome.LastCounter)
	}
}

func TestDrainRefusesNewcomers(t *testing.T) {
	s := newGated(memory.New(time.Now()))
	r := start(t, s, nil)
	m := protocoltest.Found(t, r.Target)
	sender := m.Connect(t, m.Owner)
	s.closed.Store(true)
	sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	<-s.begun
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.stop(t)
	}()
	for r.status(t, "/readyz") != http.StatusServiceUnavailable {
	}
	m.RefusesUpgrade(t, wire.CodeDraining)
	m.RefusesCreation(t, wire.CodeDraining)
	close(s.gate)
	sender.Accepted(1)
	sender.Closes(wire.CodeDraining)
	<-stopped
}

// A peer that does not answer the close frame is cut when the drain's time is over.
func TestDrainCutsWhoDoesNotGo(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	m := protocoltest.Found(t, r.Target)
	silent := m.Connect(t, m.Owner)
	r.once.Do(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		r.server.Drain(over)
		if err := <-r.served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	for {
		if _, ok := silent.Next(); !ok {
			return
		}
	}
}
