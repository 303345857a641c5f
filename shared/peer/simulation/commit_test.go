package simulation

import (
	"context"
	"errors"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
)

// finish commits the batch in flight.
func (r *relayNode) finish(batch mesh.Batch) {
	before, after := r.w.happens(r.w.faults.relayCommit), r.w.happens(r.w.faults.relayCommit)
	if before {
		r.crash("before a commit")
		return
	}
	verdicts, err := r.faulty(batch)
	if err != nil && r.plant.hopeful {
		verdicts, err = r.plant.foresee(batch), nil
	}
	if isLost(err) {
		r.rejoin()
		return
	}
	if err != nil {
		r.reload("because a commit failed")
		return
	}
	if after {
		r.crash("after a commit, before it knew")
		return
	}
	r.inflight = false
	if !r.plant.early {
		r.release(r.core.Committed(r.w.now, verdicts))
	}
	r.take()
}

var errDisk = errors.New("the disk failed")

// faulty is commit on a disk that fails now and then: before anything is written, or when all is, which is what a failure within
// a commit comes to. Whoever asked does not learn which.
func (r *relayNode) faulty(batch mesh.Batch) ([]mesh.Verdict, error) {
	if r.w.happens(r.w.faults.relayDisk) {
		fails := func([]mesh.Batch) error { return errDisk }
		if r.w.happens(2) {
			r.store.SetFaults(memory.Faults{Before: fails})
		} else {
			r.store.SetFaults(memory.Faults{After: fails})
		}
		defer r.store.SetFaults(memory.Faults{})
	}
	verdicts, err := r.commit(batch)
	if err != nil && !errors.Is(err, errDisk) && !isLost(err) {
		r.w.fail("the relay's store: %v", err)
	}
	return verdicts, err
}

// reload drops the core and its connections without a word, and loads the mesh again: the store goes on.
func (r *relayNode) reload(reason string) {
	r.w.note("the relay loads the mesh again %s", reason)
	r.start()
}

// commit carries a batch out and tells the oracle what is durable now.
func (r *relayNode) commit(batch mesh.Batch) ([]mesh.Verdict, error) {
	r.plant.rewrite(&batch)
	all, err := r.store.Commit(context.Background(), []mesh.Batch{batch})
	if all == nil {
		return nil, err
	}
	r.plant.record(func(s *memory.Store) *memory.Store {
		_, _ = s.Commit(context.Background(), []mesh.Batch{batch})
		return s
	})
	r.w.oracle.committed(batch, all[0])
	r.moved()
	return all[0], err
}
