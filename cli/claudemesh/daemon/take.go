package daemon

import (
	"context"
	"math/rand/v2"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// The daemon's own bounds on a batch.
const (
	maxBatchBytes = 256 << 10
	maxBatchCount = 50
)

// lease is what was lent from one mesh, on the way to a caller.
type lease struct {
	mesh   *mesh
	lent   []agent.Lent
	number uint64
}

// take lends a session what it has not taken.
func (s *Server) take(ctx context.Context, t *Take) (Batch, uint64, error) {
	if err := s.awaitReady(ctx); err != nil {
		return Batch{}, 0, err
	}
	s.mu.Lock()
	one, err := s.caller(&t.Caller)
	var meshes []*mesh
	if err == nil {
		meshes, err = s.meshesOf(one, "")
	}
	s.mu.Unlock()
	if err == nil {
		err = awaitBegun(ctx, meshes)
	}
	if err != nil {
		return Batch{}, 0, err
	}
	s.mu.Lock()
	if one, err = s.caller(&t.Caller); err != nil {
		s.mu.Unlock()
		return Batch{}, 0, err
	}
	now := time.Now()
	s.registry.Act(now, one)
	s.spread()
	b, leases := s.lend(now, one, agent.Want{Least: t.Least, Bytes: t.Bytes, Count: t.Count})
	s.mu.Unlock()
	return b, b.ID, finish(&b, leases)
}

// lend takes what a session wants from the queues of its meshes, one mesh after another. It is called with the mutex held;
// finish does the rest without it.
func (s *Server) lend(now time.Time, one *agent.Session, want agent.Want) (b Batch, leases []lease) {
	if want.Bytes <= 0 || want.Bytes > maxBatchBytes {
		want.Bytes = maxBatchBytes
	}
	if want.Count <= 0 || want.Count > maxBatchCount {
		want.Count = maxBatchCount
	}
	b.Messages = []Message{}
	batch, full := rand.Uint64N(1<<53-1)+1, false // a number that JSON carries everywhere, and that no earlier daemon gave out
	for _, m := range s.held() {
		if !m.in(one) {
			continue
		}
		if full {
			b.More += m.queue.Count(now, one.ID, want.Least)
			continue
		}
		lent, more := m.queue.Take(now, one.ID, want, batch)
		b.More += more
		if len(lent) == 0 {
			continue
		}
		b.ID = batch
		leases = append(leases, lease{m, lent, m.post(nil)})
		for _, one := range lent {
			want.Bytes -= one.Size
		}
		want.Count -= len(lent)
		full = more > 0 || want.Bytes <= 0 || want.Count <= 0
	}
	return b, leases
}

// finish waits until it is stored that the messages were lent, and reads them. What the caller does not get stays lent until
// the connection ends.
func finish(b *Batch, leases []lease) error {
	for _, l := range leases {
		if err := l.mesh.rows.wait(l.number); err != nil {
			return err
		}
		for _, one := range l.lent {
			if message := l.mesh.content(one.Number, one.Seen); message != nil {
				b.Messages = append(b.Messages, *message)
			}
		}
	}
	return nil
}

// confirm makes a batch taken.
func (s *Server) confirm(ctx context.Context, batch uint64) error {
	if err := s.awaitReady(ctx); err != nil {
		return err
	}
	type written struct {
		mesh   *mesh
		number uint64
	}
	var all []written
	s.mu.Lock()
	for _, m := range s.held() {
		m.queue.Confirm(batch)
		all = append(all, written{m, m.post(nil)})
	}
	s.mu.Unlock()
	for _, w := range all {
		if err := w.mesh.rows.wait(w.number); err != nil {
			return err
		}
		w.mesh.rows.durable()
		poke(w.mesh.told)
	}
	return nil
}

// giveBack ends the loan of a batch whose taker is gone; 0: of none.
func (s *Server) giveBack(batch uint64) {
	if batch == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.meshes {
		m.queue.Return(batch)
	}
}

// hook takes an event of an agent's program. It waits for no relay, and for no disk: see writer and kv.Rows.
func (s *Server) hook(e *HookEvent) (HookAnswer, uint64, error) {
	program := programOf(e.Chain)
	now := time.Now()
	s.mu.Lock()
	one := s.hooked(now, e, program)
	if one == nil {
		s.mu.Unlock()
		return HookAnswer{Batch: Batch{Messages: []Message{}}}, 0, nil
	}
	if e.Event == "SessionEnd" {
		if e.Reason != "clear" {
			s.registry.Farewell(one)
		}
		s.spread()
		s.mu.Unlock()
		return HookAnswer{Batch: Batch{Messages: []Message{}}}, 0, nil
	}
	want, wants := wanted(e)
	if one.Status == peer.StatusDND {
		want.Least = wire.PriorityNow
	}
	var answer HookAnswer
	var leases []lease
	answer.Batch.Messages = []Message{}
	if wants {
		answer.Batch, leases = s.lend(now, one, want)
	}
	status := agent.HookSign(e.Event, e.Reason)
	if e.Event == "Stop" && answer.Batch.ID != 0 {
		status = peer.StatusWorking // the messages keep it going
	}
	if status != "" {
		s.registry.Tell(now, one, func(signs *agent.Signs) { signs.Hook = agent.Sign{Status: status, At: now.UnixMilli()} })
	}
	s.spread()
	if e.Event == "SessionStart" {
		answer.Places, answer.Waiting = s.places(now, one)
	}
	s.mu.Unlock()
	return answer, answer.Batch.ID, finish(&answer.Batch, leases)
}

// wanted is which messages an event can show.
func wanted(e *HookEvent) (want agent.Want, wants bool) {
	want = agent.Want{Least: wire.PriorityNow, Bytes: e.Bytes, Count: e.Count}
	switch e.Event {
	case "UserPromptSubmit":
		want.Least = wire.PriorityLow
		return want, true
	case "PostToolUse":
		want.Unasked = true
		return want, true
	case "Stop":
		want.Unasked = true
		return want, !e.Again
	}
	return want, false
}
