package server_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// When a commit fails, or nobody knows whether it did, the relay says nothing of it: it closes the connections, and the peer
// finds out from the store by sending again.
func TestFailedCommit(t *testing.T) {
	broken := func([]mesh.Batch) error { return errors.New("no space left on device") }
	for _, c := range []struct {
		name   string
		faults memory.Faults
		stored uint64
	}{
		{"before it was done", memory.Faults{Before: broken}, 0},
		{"after it was done", memory.Faults{After: broken}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memory.New(time.Now())
			r := start(t, s, nil)
			m := protocoltest.Found(t, r.Target)
			sender, other := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
			elsewhere := protocoltest.Found(t, r.Target)
			untouched := elsewhere.Connect(t, elsewhere.Owner)

			s.SetFaults(c.faults)
			envelope := m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID))
			sender.Send(0, envelope)
			if bye := sender.Closes(wire.CodeUnavailable); bye.RetryAfter == 0 {
				t.Error("not told when to come back")
			}
			other.Closes(wire.CodeUnavailable)
			s.SetFaults(memory.Faults{})

			again := m.Connect(t, m.Owner)
			if again.Welcome.LastCounter != c.stored {
				t.Errorf("the last counter is %d, want %d", again.Welcome.LastCounter, c.stored)
			}
			again.Send(0, envelope)
			again.Accepted(1)
			general := wire.TopicStream(wire.GeneralTopic(m.ID))
			again.Tail(0, general)
			again.Delivery()
			again.Live(general)

			untouched.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
			untouched.Read(wire.FramePong)
		})
	}
}

// A claim whose commit failed costs no use, and the same claim succeeds later.
func TestFailedClaim(t *testing.T) {
	s := memory.New(time.Now())
	r := start(t, s, nil)
	m := protocoltest.Found(t, r.Target)
	invite := m.NewInvite(t, 1, protocoltest.NextHour()).Issue(t, m.Connect(t, m.Owner))
	d := protocoltest.NewDevice(t)
	join := invite.Join(d)
	s.SetFaults(memory.Faults{After: func([]mesh.Batch) error { return errors.New("the answer was lost") }})
	invite.Claim(t, d, join).Refused(t, wire.CodeUnavailable)
	s.SetFaults(memory.Faults{})
	invite.Claimed(t, d, join)
	late := protocoltest.NewDevice(t)
	invite.Claim(t, late, invite.Join(late)).Refused(t, wire.CodeExhausted)
}

// Two relays on one store: the one whose state was overtaken says nothing of what it judged by it, loads the mesh anew, and
// takes the same send again.
func TestAnotherWriter(t *testing.T) {
	s := memory.New(time.Now())
	here, there := start(t, s, nil), start(t, s, nil)
	m := protocoltest.Found(t, here.Target)
	sender := m.Connect(t, m.Owner)

	m.Target = there.Target
	m.Add(t, m.Connect(t, m.Owner))

	m.Target = here.Target
	envelope := m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID))
	sender.Send(0, envelope)
	sender.Closes(wire.CodeUnavailable)
	again := m.Connect(t, m.Owner)
	again.Send(0, envelope)
	again.Accepted(1)
}

// forgetful is a store that forgets a verdict, which no core can go on with.
type forgetful struct {
	store.Store
	on atomic.Bool
}

func (f *forgetful) Commit(ctx context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	verdicts, err := f.Store.Commit(ctx, batches)
	if f.on.Load() && err == nil {
		verdicts[0] = verdicts[0][1:]
	}
	return verdicts, err
}

// A defect that a mesh meets ends neither the relay nor other meshes.
func TestDefect(t *testing.T) {
	s := &forgetful{Store: memory.New(time.Now())}
	r := start(t, s, nil)
	m, other := protocoltest.Found(t, r.Target), protocoltest.Found(t, r.Target)
	sender, elsewhere := m.Connect(t, m.Owner), other.Connect(t, other.Owner)
	s.on.Store(true)
	sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	sender.Closes(wire.CodeInternal)
	s.on.Store(false)
	elsewhere.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, 8)))
	elsewhere.Read(wire.FramePong)
	if again := m.Connect(t, m.Owner); again.Welcome.LastCounter != 1 {
		t.Errorf("the last counter is %d, want what was committed", again.Welcome.LastCounter)
	}
	if log := r.log.String(); !strings.Contains(log, "panic") || !strings.Contains(log, m.ID.String()) {
		t.Errorf("the log does not tell of the defect: %s", log)
	}
}
