package server

import (
	"context"
	"sync"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// committer puts the batches of all meshes that wait into one transaction, so that one sync of the disk pays for all of
// them. While it runs, the next ones gather. It has no goroutine: the first that comes commits for itself, and of those that came
// meanwhile the first commits for all.
type committer struct {
	store  store.Store
	meters *meters

	mu      sync.Mutex
	busy    bool
	waiting []*commitment
}

// commitment is a batch that waits while others are committed.
type commitment struct {
	batch mesh.Batch
	wake  chan struct{} // told once: of the outcome, or to commit for all that wait
	leads bool          // the latter
	committed
}

type committed struct {
	verdicts []mesh.Verdict
	err      error
}

// maxGroup is how many batches share a transaction at most.
const maxGroup = 512

func newCommitter(s store.Store, m *meters) *committer { return &committer{store: s, meters: m} }

// commit waits until the batch is durable and gives a verdict an op. After an error it is unknown whether it is.
func (c *committer) commit(batch mesh.Batch) ([]mesh.Verdict, error) {
	c.mu.Lock()
	if !c.busy {
		c.busy = true
		c.mu.Unlock()
		defer c.passOn()
		verdicts, err := c.transact([]mesh.Batch{batch})
		if err != nil {
			return nil, err
		}
		return verdicts[0], nil
	}
	own := &commitment{batch: batch, wake: make(chan struct{}, 1)}
	c.waiting = append(c.waiting, own)
	c.mu.Unlock()
	<-own.wake
	if own.leads {
		c.lead()
	}
	return own.verdicts, own.err
}

// lead commits for all that wait. The caller is the first of them.
func (c *committer) lead() {
	defer c.passOn()
	c.mu.Lock()
	group := c.waiting
	c.waiting = nil
	if len(group) > maxGroup {
		group, c.waiting = group[:maxGroup:maxGroup], group[maxGroup:]
	}
	c.mu.Unlock()
	batches := make([]mesh.Batch, len(group))
	for i := range group {
		batches[i] = group[i].batch
	}
	var verdicts [][]mesh.Verdict
	var err error = wire.Refuse(wire.CodeInternal) // what the others are told where the store breaks
	defer func() {
		for i, g := range group {
			if g.err = err; err == nil {
				g.verdicts = verdicts[i]
			}
			if i > 0 {
				g.wake <- struct{}{}
			}
		}
	}()
	verdicts, err = c.transact(batches)
}

// passOn has the first that waits commit next.
func (c *committer) passOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.busy = false
		return
	}
	c.waiting[0].leads = true
	c.waiting[0].wake <- struct{}{}
}

func (c *committer) transact(batches []mesh.Batch) ([][]mesh.Verdict, error) {
	began := time.Now()
	verdicts, err := c.store.Commit(context.Background(), batches) // not to be cancelled: who waits wants to know the outcome
	c.meters.committed(batches, time.Since(began), err)
	if err == nil && len(verdicts) != len(batches) {
		err = wire.Errorf(wire.CodeInternal, "the store gave %d verdicts for %d batches", len(verdicts), len(batches))
	}
	return verdicts, err
}

// queue is how many batches wait for the next transaction.
func (c *committer) queue() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}
